// Asks for the master password again before an action that an unlocked page alone must not allow.

import type { ComponentChildren } from "preact";
import { type Dispatch, type StateUpdater, useState } from "preact/hooks";
import { texts } from "../texts";
import { Button, Working } from "./controls";
import { PasswordField } from "./field";
import { Problem, useCountdown, useTask } from "./task";

interface Props {
  lead: ComponentChildren;
  action: string;
  danger?: boolean;
  allowed?: boolean;
  inDialog?: boolean;
  onPassword: (password: string) => Promise<void>;
  children?: ComponentChildren;
}

export function AskPassword({ lead, action, danger, allowed = true, inDialog = true, onPassword, children }: Props) {
  const { common } = texts.value;
  const [password, setPassword]: [string, Dispatch<StateUpdater<string>>] = useState("");
  const task = useTask();
  const wait = useCountdown(task.error);
  const ready = password !== "" && allowed && !wait;
  return (
    <form
      class={inDialog ? "dialog-body stack" : "stack"}
      onSubmit={(e) => {
        e.preventDefault();
        if (ready) task.run(() => onPassword(password));
      }}
    >
      <p class="lead">{lead}</p>
      {children}
      <PasswordField
        label={common.masterPassword}
        value={password}
        onInput={setPassword}
        autocomplete="current-password"
        required
      />
      <Problem error={task.error} wait={wait} />
      {task.busy ? (
        <Working>{common.derivingKey}</Working>
      ) : (
        <Button type="submit" kind={danger ? "danger" : "primary"} wide disabled={!ready}>
          {action}
        </Button>
      )}
    </form>
  );
}
