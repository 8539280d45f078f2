import { useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { toast } from "../../state/app";
import { texts } from "../../texts";
import { Button } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { PhraseCheck, PhraseSheet } from "../access/phrase";
import { AskPassword } from "./ask-password";

export function NewPhrase({ username, onClose }: { username: string; onClose: () => void }) {
  const { common, newPhrase: text } = texts.value;
  const [words, setWords] = useState<string[] | null>(null);
  const [checking, setChecking] = useState(false);
  // The old phrase is invalid already. Closing by accident would leave the user without a phrase.
  const close = words ? () => setChecking(false) : onClose;
  return (
    <Dialog title={text.title} onClose={close} wide={!!words && !checking}>
      {!words && (
        <AskPassword
          lead={text.lead}
          action={text.show}
          onPassword={async (password) => setWords((await api.newRecoveryPhrase({ password })).words)}
        />
      )}
      {words && !checking && (
        <div class="dialog-body stack">
          <PhraseSheet words={words} username={username} />
          <Button kind="primary" wide onClick={() => setChecking(true)}>
            {common.savedWords}
          </Button>
        </div>
      )}
      {words && checking && (
        <div class="dialog-body">
          <PhraseCheck
            words={words}
            busy={false}
            onBack={() => setChecking(false)}
            onConfirmed={() => {
              toast(text.done);
              onClose();
            }}
          />
        </div>
      )}
    </Dialog>
  );
}
