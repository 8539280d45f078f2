import { useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { toast } from "../../state/app";
import { reseal, resealing } from "../../state/vault";
import { laterTexts, texts } from "../../texts";
import { Button, Working } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { Check, PasswordField } from "../../ui/field";
import { Meter } from "../../ui/meter";
import { Problem, useCountdown, useTask } from "../../ui/task";
import { type Choice, NewPassword } from "../access/new-password";
import { PhraseCheck, PhraseSheet, usePhraseCheck } from "../access/phrase";

const NO_CHOICE: Choice = { password: "", ready: false };

type Step = "ask" | "words" | "check" | "reseal";

/** Changes the encryption keys: password, new phrase, and then the items are encrypted again. */
export function RotateKeys({ username, onClose }: { username: string; onClose: () => void }) {
  const { common } = texts.value;
  const { changePassword, rotateKeys: text } = laterTexts.value;
  const [current, setCurrent] = useState("");
  const [stolen, setStolen] = useState(false);
  const [choice, setChoice] = useState<Choice>(NO_CHOICE);
  const [words, setWords] = useState<string[]>([]);
  const [step, setStep] = useState<Step>("ask");
  const check = usePhraseCheck(words);
  const task = useTask();
  const wait = useCountdown(task.error);
  const ready = current !== "" && (!stolen || choice.ready) && !wait;
  const close = () => {
    if (task.busy) return; // the new keys may be active already
    if (step === "words" || step === "check") {
      void api.cancelRotation();
      toast(text.unchanged);
    }
    onClose();
  };
  const prepare = () =>
    task.run(async () => {
      const next = stolen ? { new_password: choice.password } : {};
      setWords((await api.prepareRotation({ password: current, ...next })).words);
      setCurrent("");
      setStep("words");
    });
  const activate = () =>
    task.run(async () => {
      const { records } = await api.activateRotation();
      toast(text.done);
      if (records === 0) return onClose();
      setStep("reseal");
      await reseal();
      onClose();
    });
  return (
    <Dialog title={text.title} onClose={step === "reseal" ? onClose : close} wide={step === "words"}>
      {step === "ask" && (
        <form
          class="dialog-body stack"
          onSubmit={(e) => {
            e.preventDefault();
            if (ready) prepare();
          }}
        >
          <p class="lead">{text.lead}</p>
          <p>{text.effects}</p>
          <PasswordField
            label={changePassword.current}
            value={current}
            onInput={setCurrent}
            autocomplete="current-password"
            required
          />
          <Check label={text.stolen} hint={text.stolenHint} checked={stolen} onChange={setStolen} />
          {stolen && <NewPassword username={username} onChoice={setChoice} />}
          <Problem error={task.error} wait={wait} />
          {task.busy ? (
            <Working>{common.derivingKeys}</Working>
          ) : (
            <Button type="submit" kind="primary" wide disabled={!ready}>
              {text.next}
            </Button>
          )}
        </form>
      )}
      {step === "words" && (
        <div class="dialog-body stack" key={step}>
          <PhraseSheet words={words} username={username} />
          <Button kind="primary" wide onClick={() => setStep("check")}>
            {common.savedWords}
          </Button>
        </div>
      )}
      {step === "check" && (
        <div class="dialog-body stack" key={step}>
          <PhraseCheck check={check} busy={task.busy} onBack={() => setStep("words")} onConfirmed={activate} />
          <Problem error={task.error} />
        </div>
      )}
      {step === "reseal" && (
        <div class="dialog-body stack" key={step}>
          <p class="lead">{text.resealing}</p>
          <Meter label={text.progress} progress={resealing.value} />
          <Button wide onClick={onClose}>
            {text.background}
          </Button>
        </div>
      )}
    </Dialog>
  );
}
