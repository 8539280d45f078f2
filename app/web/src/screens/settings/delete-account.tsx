import { useState } from "preact/hooks";
import * as api from "../../core/api";
import { toast } from "../../state/app";
import { signedOut } from "../../state/session";
import { tellOthers } from "../../state/tabs";
import { Dialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { AskPassword } from "./ask-password";

const text = {
  title: "Delete the account",
  lead: "Everything in your vault is deleted on the server, at once and for good. Nobody can bring it back, with or without the recovery phrase.",
  type: (name: string) => `Type your user name, ${name}, to go on`,
  action: "Delete my account",
  done: "The account is deleted.",
};

export function DeleteAccount({ username, onClose }: { username: string; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  return (
    <Dialog title={text.title} onClose={onClose}>
      <AskPassword lead={text.lead} action={text.action} danger allowed={typed.trim() === username}
        onPassword={async (password) => {
          await api.deleteAccount({ password });
          tellOthers("signed out");
          signedOut();
          toast(text.done);
        }}>
        <TextField label={text.type(username)} value={typed} onInput={setTyped} />
      </AskPassword>
    </Dialog>
  );
}
