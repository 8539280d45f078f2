import { useRef, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { asCoreError } from "../../core/error";
import { restart } from "../../core/host";
import { deviceName } from "../../state/device";
import { href } from "../../state/route";
import { unlocked, vaultClosed } from "../../state/session";
import { notifyTabs } from "../../state/tabs";
import { texts } from "../../texts";
import { Button, Heading, Working } from "../../ui/controls";
import { Confirm } from "../../ui/dialog";
import { PasswordField, TextField } from "../../ui/field";
import { focusOnce } from "../../ui/focus";
import { Problem, useCountdown, useTask } from "../../ui/task";
import { CopyList } from "./copy-list";
import { Frame } from "./frame";
import { SecondFactor } from "./second-factor";

export function SignIn() {
  const { common, signIn: text } = texts.value;
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [second, setSecond] = useState(false);
  const [asking, setAsking] = useState(false); // asks whether to sign in to another account of this name
  const passwordRef = useRef<HTMLInputElement>(null);
  const task = useTask();
  const wait = useCountdown(task.error);

  const signIn = (code: string, consent = false) =>
    task.run(async () => {
      try {
        await vaultClosed();
        if (consent) await api.acceptReplacement({ username });
        const answer = await api.login({ username, password, totp_code: code, device: deviceName() });
        notifyTabs("signed in");
        unlocked(answer.username);
      } catch (e) {
        if (asCoreError(e).code === "totp_required") {
          setSecond(true);
          return;
        }
        if (["invalid_credentials", "password_changed"].includes(asCoreError(e).code)) {
          setSecond(false);
          setPassword("");
          passwordRef.current?.focus();
        }
        throw e;
      }
    });

  if (second) {
    return (
      <SecondFactor
        task={task}
        wait={wait}
        onCode={signIn}
        onBack={() => {
          task.clear();
          setSecond(false);
          setPassword("");
        }}
      />
    );
  }
  return (
    <Frame>
      <Heading title={text.title} focus={false}>
        {text.title}
      </Heading>
      <form
        class="stack"
        onSubmit={(e) => {
          e.preventDefault();
          if (username && password && !wait) signIn("");
        }}
      >
        <TextField
          label={common.username}
          value={username}
          onInput={setUsername}
          autocomplete="username"
          required
          inputRef={focusOnce}
        />
        <PasswordField
          label={common.masterPassword}
          value={password}
          onInput={setPassword}
          autocomplete="current-password"
          required
          inputRef={passwordRef}
        />
        <Problem error={task.error} wait={wait} />
        {task.error?.code === "account_replaced" && (
          <Button wide onClick={() => setAsking(true)}>
            {text.replaced.button}
          </Button>
        )}
        {task.busy ? (
          <Working onCancel={restart}>{common.derivingKey}</Working>
        ) : (
          <Button type="submit" kind="primary" wide disabled={wait > 0}>
            {common.signIn}
          </Button>
        )}
      </form>
      <nav class="panel-links" aria-label={common.otherWays}>
        <a href={href("recover")}>{common.forgot}</a>
        <p>
          {text.fresh} <a href={href("register")}>{text.register}</a>
        </p>
      </nav>
      <CopyList />
      {asking && (
        <Confirm
          title={text.replaced.title}
          action={text.replaced.button}
          onClose={() => setAsking(false)}
          onConfirm={() => {
            setAsking(false);
            signIn("", true);
          }}
        >
          <p>{text.replaced.body}</p>
          <p>{text.replaced.keeps}</p>
        </Confirm>
      )}
    </Frame>
  );
}
