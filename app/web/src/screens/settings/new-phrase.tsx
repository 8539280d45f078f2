import { useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { toast } from "../../state/app";
import { laterTexts, texts } from "../../texts";
import { AskPassword } from "../../ui/ask-password";
import { Button } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { Problem, useTask } from "../../ui/task";
import { PhraseCheck, PhraseSheet, usePhraseCheck } from "../access/phrase";

export function NewPhrase({ username, onClose }: { username: string; onClose: () => void }) {
  const { common } = texts.value;
  const { newPhrase: text } = laterTexts.value;
  const [words, setWords] = useState<string[]>([]);
  const [checking, setChecking] = useState(false);
  const check = usePhraseCheck(words);
  const task = useTask();
  const step = checking ? "check" : "words";
  const close = () => {
    if (task.busy) return; // the new phrase may be active already
    if (words.length) toast(text.unchanged);
    onClose();
  };
  const activate = () =>
    task.run(async () => {
      await api.activatePhrase();
      toast(text.done);
      onClose();
    });
  return (
    <Dialog title={text.title} onClose={close} wide={words.length > 0 && !checking}>
      {words.length === 0 ? (
        <AskPassword
          lead={text.lead}
          action={text.show}
          onPassword={async (password) => setWords((await api.preparePhrase({ password })).words)}
        />
      ) : (
        <div class="dialog-body stack" key={step}>
          {checking ? (
            <>
              <PhraseCheck check={check} busy={task.busy} onBack={() => setChecking(false)} onConfirmed={activate} />
              <Problem error={task.error} />
            </>
          ) : (
            <>
              <PhraseSheet words={words} username={username} />
              <Button kind="primary" wide onClick={() => setChecking(true)}>
                {common.savedWords}
              </Button>
            </>
          )}
        </div>
      )}
    </Dialog>
  );
}
