// The open invitations, and the button that makes one.
import { useRef, useState } from "preact/hooks";
import type { OpenInvitation } from "../../core/protocol.gen";
import { toast } from "../../state/app";
import { texts } from "../../texts";
import { when } from "../../texts/dates";
import { Button } from "../../ui/controls";
import { Confirm } from "../../ui/dialog";
import { unlessFocused } from "../../ui/focus";
import { Problem, useTask } from "../../ui/task";
import { invitations, read, revoke } from "./directory";
import { Invite } from "./invite";

const SHOWN = 5; // before "show all"

function Revoke({ invitation, onClose }: { invitation: OpenInvitation; onClose: () => void }) {
  const text = texts.value.admin;
  const task = useTask();
  const confirm = () =>
    task.run(async () => {
      if (await revoke(invitation)) toast(text.revoked);
      else toast(text.notOpen, "problem");
      onClose();
    });
  return (
    <Confirm title={text.revokeTitle} action={text.revoke} danger busy={task.busy} onConfirm={confirm} onClose={onClose}>
      <div class="stack">
        <p>{text.revokeLead}</p>
        <Problem error={task.error} />
      </div>
    </Confirm>
  );
}

function Row({ invitation, onRevoke }: { invitation: OpenInvitation; onRevoke: () => void }) {
  const text = texts.value.admin;
  const created = when(invitation.created);
  const expires = when(invitation.expires);
  return (
    <li class="setting">
      <div class="setting-text">
        <h3>{invitation.administrator ? text.for.administrator : text.for.user}</h3>
        <p>{invitation.by ? text.made({ name: invitation.by, created, expires }) : text.madeOnHost({ created, expires })}</p>
      </div>
      <div class="setting-control">
        <Button label={text.revokeName({ created })} onClick={onRevoke}>
          {text.revoke}
        </Button>
      </div>
    </li>
  );
}

export function Invitations() {
  const text = texts.value.admin;
  const [inviting, setInviting] = useState(false);
  const [whole, setWhole] = useState(false);
  const [revoking, setRevoking] = useState<OpenInvitation | null>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const open = invitations.value ?? [];
  const shown = whole ? open : open.slice(0, SHOWN);
  return (
    <section class="settings-section">
      <h2 ref={title} tabIndex={-1}>
        {text.invitations}
      </h2>
      <div class="card">
        <div class="setting">
          <div class="setting-text">
            <h3>{text.inviteTitle}</h3>
            <p>{text.inviteHint}</p>
          </div>
          <div class="setting-control">
            <Button kind="primary" icon="plus" onClick={() => setInviting(true)}>
              {text.invite}
            </Button>
          </div>
        </div>
        <ul>
          {shown.map((i) => (
            <Row key={i.id} invitation={i} onRevoke={() => setRevoking(i)} />
          ))}
        </ul>
        {shown.length < open.length && (
          <div class="setting">
            <Button onClick={() => setWhole(true)}>{text.all({ count: open.length })}</Button>
          </div>
        )}
      </div>
      {inviting && (
        <Invite
          onClose={() => {
            setInviting(false);
            void read();
          }}
        />
      )}
      {revoking && (
        <Revoke
          invitation={revoking}
          onClose={() => {
            setRevoking(null);
            unlessFocused(title);
          }}
        />
      )}
    </section>
  );
}
