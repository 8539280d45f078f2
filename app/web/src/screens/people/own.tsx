// The user's own fingerprint, for others.
import { useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { copyPlain } from "../../state/clipboard";
import { laterTexts } from "../../texts";
import { Button } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { QrCode } from "../../ui/qr-code";
import { Problem, useTask } from "../../ui/task";
import { Fingerprint } from "./fingerprint";
import { own } from "./state";

function Picture({ rows, onClose }: { rows: string[]; onClose: () => void }) {
  const { people: text } = laterTexts.value;
  return (
    <Dialog title={text.own} onClose={onClose}>
      <div class="dialog-body stack">
        <p class="lead">{text.qrLead}</p>
        <QrCode rows={rows} label={text.qr} />
      </div>
    </Dialog>
  );
}

export function OwnFingerprint() {
  const { people: text } = laterTexts.value;
  const [rows, setRows] = useState<string[] | null>(null);
  const task = useTask();
  const card = own.value;
  if (!card) return null;
  const draw = () =>
    task.run(async () => {
      setRows((await api.drawQr({ text: card.fingerprint })).rows);
    });
  return (
    <section class="settings-section">
      <h2>{text.own}</h2>
      <div class="card own-fingerprint">
        <Fingerprint digits={card.fingerprint} label={text.own} />
        <p class="muted">{text.ownHint}</p>
        <Problem error={task.error} />
        <div class="actions">
          <Button icon="copy" onClick={() => void copyPlain(card.fingerprint, text.fingerprint)}>
            {text.copy}
          </Button>
          <Button icon="qr" busy={task.busy} onClick={draw}>
            {text.showQr}
          </Button>
        </div>
      </div>
      {rows && <Picture rows={rows} onClose={() => setRows(null)} />}
    </section>
  );
}
