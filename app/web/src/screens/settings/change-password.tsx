import { useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { toast } from "../../state/app";
import { laterTexts, texts } from "../../texts";
import { Button, Working } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { PasswordField } from "../../ui/field";
import { Problem, useCountdown, useTask } from "../../ui/task";
import { type Choice, NewPassword } from "../access/new-password";

export function ChangePassword({ username, onClose }: { username: string; onClose: () => void }) {
  const { common } = texts.value;
  const { changePassword: text } = laterTexts.value;
  const [current, setCurrent] = useState("");
  const [choice, setChoice] = useState<Choice>({ password: "", ready: false });
  const task = useTask();
  const wait = useCountdown(task.error);
  return (
    <Dialog title={text.title} onClose={onClose}>
      <form
        class="dialog-body stack"
        onSubmit={(e) => {
          e.preventDefault();
          if (!current || !choice.ready || wait) return;
          task.run(async () => {
            await api.changePassword({ current, next: choice.password });
            toast(text.done);
            onClose();
          });
        }}
      >
        <PasswordField label={text.current} value={current} onInput={setCurrent} autocomplete="current-password" required />
        <NewPassword username={username} onChoice={setChoice} />
        <Problem error={task.error} wait={wait} />
        {task.busy ? (
          <Working>{common.derivingKeys}</Working>
        ) : (
          <Button type="submit" kind="primary" wide disabled={!current || !choice.ready || wait > 0}>
            {text.submit}
          </Button>
        )}
      </form>
    </Dialog>
  );
}
