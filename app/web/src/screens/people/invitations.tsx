// The user's invitations, and the people who joined with them.
import { useRef, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { asCoreError } from "../../core/error";
import type { SentInvitation } from "../../core/protocol.gen";
import { toast } from "../../state/app";
import { laterTexts, texts } from "../../texts";
import { when } from "../../texts/dates";
import { Button } from "../../ui/controls";
import { Confirm, Dialog } from "../../ui/dialog";
import { unlessFocused } from "../../ui/focus";
import { Icon } from "../../ui/icon";
import { Problem, useTask } from "../../ui/task";
import { Invite } from "../admin/invite";
import { Fingerprint } from "./fingerprint";
import { invitations, read } from "./state";

/** Ends a link. It may have been used or revoked meanwhile, which ends it too. */
async function revoke({ id }: SentInvitation) {
  try {
    await api.revokeInvitation({ id });
  } catch (e) {
    if (asCoreError(e).code !== "not_found") throw e;
  }
  await read();
}

function Revoke({ sent, onClose }: { sent: SentInvitation; onClose: () => void }) {
  const { admin } = texts.value;
  const { people: text } = laterTexts.value;
  const task = useTask();
  const confirm = () =>
    task.run(async () => {
      await revoke(sent);
      toast(admin.revoked);
      onClose();
    });
  const used = sent.state === "proven" || sent.state === "forged";
  const words = used ? { title: text.decline, action: text.decline } : { title: admin.revokeTitle, action: admin.revoke };
  return (
    <Confirm {...words} danger busy={task.busy} onConfirm={confirm} onClose={onClose}>
      <div class="stack">
        <p>{used ? text.declineLead : admin.revokeLead}</p>
        <Problem error={task.error} />
      </div>
    </Confirm>
  );
}

/** Shows who joined, and asks. */
function Accept({ sent, onDecline, onClose }: { sent: SentInvitation; onDecline: () => void; onClose: () => void }) {
  const { people: text } = laterTexts.value;
  const task = useTask();
  const { id, username: name = "", user_id = "", fingerprint = "" } = sent;
  const accept = () =>
    task.run(async () => {
      try {
        await api.acceptJoiner({ id, user_id, fingerprint });
        toast(text.isVerified({ name }));
      } catch (e) {
        const { code } = asCoreError(e);
        if (code !== "not_found") throw e;
        toast(text.notWaiting, "problem"); // accepted or revoked on another device
      }
      await read();
      onClose();
    });
  return (
    <Dialog title={text.acceptTitle({ name })} onClose={onClose}>
      <div class="dialog-body stack">
        <p class="lead">{text.acceptLead}</p>
        <dl class="joiner">
          <div>
            <dt>{text.username}</dt>
            <dd>
              <bdi>{name}</bdi>
            </dd>
          </div>
          {sent.invitee && (
            <div>
              <dt>{text.linkFor}</dt>
              <dd>
                <bdi>{sent.invitee}</bdi>
              </dd>
            </div>
          )}
          <div>
            <dt>{text.expires}</dt>
            <dd>{when(sent.expires)}</dd>
          </div>
        </dl>
        <h3>{text.fingerprint}</h3>
        <Fingerprint digits={fingerprint} label={text.fingerprint} />
        <Problem error={task.error} />
        <Button kind="primary" wide busy={task.busy} onClick={accept}>
          {text.accept}
        </Button>
        <Button wide onClick={onDecline}>
          {text.decline}
        </Button>
      </div>
    </Dialog>
  );
}

type Asked = { sent: SentInvitation; what: "accept" | "revoke" } | null;

function Asking({ asked, onAsk, onClose }: { asked: Asked; onAsk: (next: Asked) => void; onClose: () => void }) {
  if (!asked) return null;
  const { sent, what } = asked;
  if (what === "revoke") return <Revoke sent={sent} onClose={onClose} />;
  return <Accept sent={sent} onDecline={() => onAsk({ sent, what: "revoke" })} onClose={onClose} />;
}

/** Who joined and was not accepted yet. */
export function Waiting() {
  const { people: text } = laterTexts.value;
  const { admin } = texts.value;
  const [asked, setAsked] = useState<Asked>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const list = (invitations.value ?? []).filter(({ state }) => state === "proven" || state === "forged");
  if (list.length === 0 && !asked) return null;
  return (
    <section class="settings-section">
      <h2 ref={title} tabIndex={-1}>
        {text.waiting}
      </h2>
      <ul class="card">
        {list.map((sent) => (
          <li key={sent.id} class="setting person">
            <span class={sent.state === "forged" ? "person-mark person-bad" : "person-mark person-new"}>
              <Icon name={sent.state === "forged" ? "danger" : "identity"} />
            </span>
            <div class="setting-text">
              <h3>{sent.state === "forged" ? text.forged : <bdi>{sent.username}</bdi>}</h3>
              <p class={sent.state === "forged" ? "person-alarm" : undefined}>
                {sent.state === "forged"
                  ? text.forgedHint({ name: sent.invitee || text.anyone })
                  : text.joined({ name: sent.invitee || text.anyone })}
              </p>
            </div>
            <div class="setting-control">
              {sent.state === "proven" ? (
                <Button
                  kind="primary"
                  label={text.reviewName({ name: sent.username ?? "" })}
                  onClick={() => setAsked({ sent, what: "accept" })}
                >
                  {text.review}
                </Button>
              ) : (
                <Button kind="danger" onClick={() => setAsked({ sent, what: "revoke" })}>
                  {admin.revoke}
                </Button>
              )}
            </div>
          </li>
        ))}
      </ul>
      <Asking
        asked={asked}
        onAsk={setAsked}
        onClose={() => {
          setAsked(null);
          unlessFocused(title);
        }}
      />
    </section>
  );
}

/** The links that nobody used. */
export function Invitations() {
  const { people: text } = laterTexts.value;
  const { admin } = texts.value;
  const [inviting, setInviting] = useState(false);
  const [asked, setAsked] = useState<Asked>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const list = (invitations.value ?? []).filter(({ state }) => state === "open" || state === "expired");
  return (
    <section class="settings-section">
      <h2 ref={title} tabIndex={-1}>
        {text.invitations}
      </h2>
      <div class="card">
        <div class="setting">
          <div class="setting-text">
            <h3>{admin.inviteTitle}</h3>
            <p>{text.inviteHint}</p>
          </div>
          <div class="setting-control">
            <Button icon="plus" onClick={() => setInviting(true)}>
              {admin.invite}
            </Button>
          </div>
        </div>
        <ul>
          {list.map((sent) => {
            const date = when(sent.expires);
            const name = sent.invitee || text.anyone;
            return (
              <li key={sent.id} class="setting">
                <div class="setting-text">
                  <h3>
                    <bdi>{name}</bdi>
                  </h3>
                  <p>{sent.state === "open" ? text.open({ date }) : text.expired({ date })}</p>
                </div>
                <div class="setting-control">
                  <Button label={text.revokeName({ name })} onClick={() => setAsked({ sent, what: "revoke" })}>
                    {admin.revoke}
                  </Button>
                </div>
              </li>
            );
          })}
        </ul>
      </div>
      {inviting && (
        <Invite
          onClose={() => {
            setInviting(false);
            void read();
          }}
        />
      )}
      <Asking
        asked={asked}
        onAsk={setAsked}
        onClose={() => {
          setAsked(null);
          unlessFocused(title);
        }}
      />
    </section>
  );
}
