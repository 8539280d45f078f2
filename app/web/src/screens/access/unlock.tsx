import { useState } from "preact/hooks";
import { asCoreError, type CoreError } from "../../core/error";
import { restart } from "../../core/host";
import { href } from "../../state/route";
import { signOut, unlock } from "../../state/session";
import { texts } from "../../texts";
import { Button, Heading, Working } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import { Problem, useCountdown, useTask } from "../../ui/task";
import { CopyList } from "./copy-list";
import { Frame } from "./frame";
import { MasterPassword } from "./master-password";

const wrong = (e: CoreError) => e.code === "wrong_password" || e.code === "password_changed";

/** Asks for the master password of a session that exists: only the keys are missing. */
export function Unlock({ username }: { username: string }) {
  const { common, unlock: text } = texts.value;
  const [password, setPassword] = useState("");
  const task = useTask();
  const wait = useCountdown(task.error);
  const submit = () =>
    task.run(async () => {
      try {
        await unlock(password);
      } catch (e) {
        if (wrong(asCoreError(e))) setPassword("");
        throw e;
      }
    });
  return (
    <Frame>
      <Heading title={text.pageTitle} focus={false}>
        {text.title}
      </Heading>
      <p class="username">
        <Icon name="identity" />
        <bdi>{username}</bdi>
      </p>
      <form
        class="stack"
        onSubmit={(e) => {
          e.preventDefault();
          if (password && !wait) submit();
        }}
      >
        <MasterPassword username={username} value={password} onInput={setPassword} />
        <Problem error={task.error} wait={wait} />
        {task.busy ? (
          <Working onCancel={restart}>{common.derivingKey}</Working>
        ) : (
          <Button type="submit" kind="primary" icon="lock" wide disabled={wait > 0}>
            {text.submit}
          </Button>
        )}
      </form>
      <nav class="panel-links" aria-label={common.otherWays}>
        <a href={href("recover")}>{common.forgot}</a>
        <button type="button" class="link" onClick={() => void signOut()}>
          {common.signOut}
        </button>
      </nav>
      {task.error && !wrong(task.error) && <CopyList />}
    </Frame>
  );
}
