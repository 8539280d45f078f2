import { useState } from "preact/hooks";
import type { AdminUser, UserAct } from "../../core/protocol.gen";
import { toast } from "../../state/app";
import { texts } from "../../texts";
import { AskPassword } from "../../ui/ask-password";
import { Dialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { change } from "./directory";

const DANGEROUS = new Set<UserAct>(["suspend", "remove", "delete"]);

/** What happens, for the administrator to read before. */
function leadOf(user: AdminUser, act: UserAct, own: boolean): string {
  const { admin: text, common } = texts.value;
  const name = user.username;
  const { acts } = text;
  const plain = {
    suspend: () => (own ? acts.suspend.self : acts.suspend.lead({ name })),
    resume: () => (user.deletion ? acts.resume.kept({ name }) : acts.resume.lead({ name })),
    unthrottle: () => acts.unthrottle.lead({ name }),
    promote: () => acts.promote.lead,
    demote: () => (own ? acts.demote.self : acts.demote.lead({ name })),
    remove: () => acts.remove.lead({ name, items: common.items({ count: user.items }) }),
    delete: () => acts.delete.lead({ items: common.items({ count: user.items }) }),
  }[act]();
  const ends = user.administrator && !["resume", "promote", "unthrottle"].includes(act);
  return ends ? `${plain} ${text.void({ name })}` : plain;
}

/** Says what happens and asks for the administrator's password. */
export function ChangeUser({ user, act, own, onClose }: { user: AdminUser; act: UserAct; own: boolean; onClose: () => void }) {
  const text = texts.value.admin;
  const [typed, setTyped] = useState("");
  const name = user.username;
  const { title, action, done } = text.acts[act];
  return (
    <Dialog title={title({ name })} onClose={onClose}>
      <AskPassword
        lead={leadOf(user, act, own)}
        action={action}
        danger={DANGEROUS.has(act)}
        allowed={act !== "delete" || typed.trim() === name}
        onPassword={async (password) => {
          const found = await change(user, act, password);
          if (!found) toast(text.gone({ name }), "problem");
          else if (!own) toast(done({ name })); // reading the lists again has already said what the own account lost
          onClose();
        }}
      >
        {act === "delete" && <TextField label={text.type({ name })} value={typed} onInput={setTyped} />}
      </AskPassword>
    </Dialog>
  );
}
