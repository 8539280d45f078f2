import { useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import type { TOTPEnrolment } from "../../core/protocol.gen";
import { toast } from "../../state/app";
import { copySecret } from "../../state/clipboard";
import { laterTexts } from "../../texts";
import { AskPassword } from "../../ui/ask-password";
import { Button } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { QrCode } from "../../ui/qr-code";
import { Problem, useCountdown, useTask } from "../../ui/task";
import { CodeField } from "../access/second-factor";

export const inGroups = (secret: string) => secret.replace(/(.{4})(?=.)/g, "$1 ");

type Enrolment = TOTPEnrolment & { rows: string[] };

async function begin(password: string): Promise<Enrolment> {
  const enrolment = await api.totpBegin({ password });
  return { ...enrolment, ...(await api.drawQr({ text: enrolment.uri })) };
}

function Confirm({ enrolment, onClose }: { enrolment: Enrolment; onClose: () => void }) {
  const text = laterTexts.value.twoFactor;
  const [code, setCode] = useState("");
  const task = useTask();
  const wait = useCountdown(task.error);
  const confirm = (digits: string) =>
    task.run(async () => {
      try {
        await api.totpConfirm({ enrolment: enrolment.enrolment, code: digits });
      } catch (e) {
        setCode("");
        throw e;
      }
      toast(text.done);
      onClose();
    });
  return (
    <form
      class="dialog-body stack"
      onSubmit={(e) => {
        e.preventDefault();
        if (code.length === 6 && !wait) confirm(code);
      }}
    >
      <p class="lead">{text.scan}</p>
      <QrCode rows={enrolment.rows} label={text.qr} />
      <p class="muted centred">{text.key}</p>
      <p class="totp-key mono">{inGroups(enrolment.secret)}</p>
      <Button icon="copy" onClick={() => void copySecret(enrolment.secret, text.keyName)}>
        {text.copy}
      </Button>
      <CodeField label={text.code} value={code} onInput={setCode} />
      <Problem error={task.error} wait={wait} />
      <Button type="submit" kind="primary" wide busy={task.busy} disabled={code.length < 6 || wait > 0}>
        {text.confirm}
      </Button>
    </form>
  );
}

export function EnrolTOTP({ onClose }: { onClose: () => void }) {
  const text = laterTexts.value.twoFactor;
  const [enrolment, setEnrolment] = useState<Enrolment | null>(null);
  return (
    <Dialog title={text.title} onClose={onClose}>
      {enrolment ? (
        <Confirm enrolment={enrolment} onClose={onClose} />
      ) : (
        <AskPassword lead={text.lead} action={text.next} onPassword={async (password) => setEnrolment(await begin(password))} />
      )}
    </Dialog>
  );
}

export function RemoveTOTP({ onClose }: { onClose: () => void }) {
  const text = laterTexts.value.twoFactor;
  return (
    <Dialog title={text.removeTitle} onClose={onClose}>
      <AskPassword
        lead={text.removeLead}
        action={text.remove}
        danger
        onPassword={async (password) => {
          await api.totpRemove({ password });
          toast(text.removed);
          onClose();
        }}
      />
    </Dialog>
  );
}
