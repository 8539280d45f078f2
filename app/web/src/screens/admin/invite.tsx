// Makes an invitation, and shows its link once.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { copySecret } from "../../state/clipboard";
import { laterTexts, texts } from "../../texts";
import { Button, Working } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { OwnFields, PasswordField, Segments, Select, TextField } from "../../ui/field";
import { QrCode } from "../../ui/qr-code";
import { Problem, useCountdown, useTask } from "../../ui/task";

type Role = "user" | "administrator";

interface Terms {
  role: Role;
  invitee: string;
  days: number;
  password: string;
}

interface Made {
  link: string;
  invitee: string;
  rows: string[]; // of the QR code; empty if it could not be drawn
}

const DAYS = [1, 3, 7];

/** As directory.MaxInvitee counts: in bytes. */
const MAX_INVITEE = 255;
export const invitable = (invitee: string) =>
  new TextEncoder().encode(invitee).length <= MAX_INVITEE && !/[\p{C}\p{Zl}\p{Zp}]/u.test(invitee);

async function make({ role, invitee, days, password }: Terms): Promise<Made> {
  const administrator = role === "administrator";
  const invited = await api.invite({ invitee, days, administrator, password: administrator ? password : "" });
  const link = location.origin + invited.link;
  // The invitation exists by now, so the link is shown even without a picture.
  const { rows } = await api.drawQr({ text: link }).catch(() => ({ rows: [] }));
  return { link, invitee, rows };
}

function Choose({ onMade }: { onMade: (made: Made) => void }) {
  const { admin: text, common, trash } = texts.value;
  const { invite } = laterTexts.value.people;
  const [invitee, setInvitee] = useState("");
  const [days, setDays] = useState(7);
  const [role, setRole] = useState<Role>("user");
  const [password, setPassword] = useState("");
  const task = useTask();
  const wait = useCountdown(task.error);
  const proves = role === "administrator"; // the server wants the password again
  const whom = invitee.trim();
  const bad = !invitable(whom);
  const ready = (!proves || password !== "") && !wait && !bad;
  return (
    <form
      class="dialog-body stack"
      onSubmit={(e) => {
        e.preventDefault();
        if (ready) task.run(async () => onMade(await make({ role, invitee: whom, days, password })));
      }}
    >
      <OwnFields.Provider value>
        <TextField
          label={invite.whom}
          value={invitee}
          onInput={setInvitee}
          hint={invite.whomHint}
          error={bad ? invite.bad({ limit: MAX_INVITEE }) : null}
        />
      </OwnFields.Provider>
      <Select
        label={invite.days}
        value={days}
        options={DAYS.map((n) => ({ value: n, label: trash.days({ count: n }) }))}
        onChange={setDays}
      />
      <Segments
        label={text.role}
        value={role}
        onChange={setRole}
        options={[
          { value: "user", label: text.roles.user },
          { value: "administrator", label: text.roles.administrator },
        ]}
      />
      <p class="lead">{`${text.roleLead[role]} ${invite.daysHint}`}</p>
      {proves && (
        <PasswordField
          label={common.masterPassword}
          value={password}
          onInput={setPassword}
          autocomplete="current-password"
          required
        />
      )}
      <Problem error={task.error} wait={wait} />
      {task.busy && proves ? (
        <Working>{common.derivingKey}</Working>
      ) : (
        <Button type="submit" kind="primary" wide busy={task.busy} disabled={!ready}>
          {text.make}
        </Button>
      )}
    </form>
  );
}

function Link({ made }: { made: Made }) {
  const text = texts.value.admin;
  const { invite } = laterTexts.value.people;
  const lead = useRef<HTMLParagraphElement>(null);
  useLayoutEffect(() => lead.current?.focus(), []); // the button that had the focus is gone
  return (
    <div class="dialog-body stack">
      <p class="lead" ref={lead} tabIndex={-1}>
        {text.once}
      </p>
      {made.rows.length > 0 && <QrCode rows={made.rows} label={text.qr} />}
      <p class="join-link mono">{made.link}</p>
      <Button kind="primary" icon="copy" wide onClick={() => void copySecret(made.link, text.link)}>
        {text.copyLink}
      </Button>
      <p class="muted">{made.invitee ? invite.then({ name: made.invitee }) : invite.thenAnyone}</p>
    </div>
  );
}

export function Invite({ onClose }: { onClose: () => void }) {
  const text = texts.value.admin;
  const [made, setMade] = useState<Made | null>(null);
  return (
    <Dialog title={made ? text.link : text.inviteTitle} onClose={onClose}>
      {made ? <Link made={made} /> : <Choose onMade={setMade} />}
    </Dialog>
  );
}
