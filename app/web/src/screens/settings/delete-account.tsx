import { useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { toast } from "../../state/app";
import { signedOut } from "../../state/session";
import { notifyTabs } from "../../state/tabs";
import { laterTexts } from "../../texts";
import { AskPassword } from "../../ui/ask-password";
import { Dialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";

export function DeleteAccount({ username, onClose }: { username: string; onClose: () => void }) {
  const text = laterTexts.value.deleteAccount;
  const [typed, setTyped] = useState("");
  return (
    <Dialog title={text.title} onClose={onClose}>
      <AskPassword
        lead={text.lead}
        action={text.action}
        danger
        allowed={typed.trim() === username}
        onPassword={async (password) => {
          await api.deleteAccount({ password, force: true }); // the outbox is deleted too
          notifyTabs("signed out");
          signedOut();
          toast(text.done);
        }}
      >
        <TextField label={text.type({ name: username })} value={typed} onInput={setTyped} />
      </AskPassword>
    </Dialog>
  );
}
