import { useEffect, useState } from "preact/hooks";
import * as api from "../core/api";
import { asCoreError } from "../core/error";
import { restart } from "../core/host";
import { deviceName } from "../state/device";
import { guard, href } from "../state/route";
import { unlocked } from "../state/session";
import { tellOthers } from "../state/tabs";
import { Button, Heading, Working } from "../ui/controls";
import { TextField } from "../ui/field";
import { Problem, useCountdown, useTask } from "../ui/task";
import { Frame } from "./frame";
import { NewPassword, type Choice } from "./new-password";
import { PhraseCheck, PhraseSheet } from "./phrase";
import { focusOnce } from "./sign-in";

const text = {
  title: "Create your vault",
  username: "User name",
  usernameHint: "How you sign in. It need not be an email address.",
  passwords: { first: "Master password", again: "Master password again" },
  submit: "Continue",
  deriving: "Deriving your key…",
  have: "Have a vault already?",
  signIn: "Sign in",
  phraseTitle: "Your recovery phrase",
  kept: "I have kept these words",
  checkTitle: "Check the phrase",
  creating: "Creating your vault…",
  nameTitle: "Choose another user name",
  nameLead: (name: string) => `“${name}” is taken. Your password and your recovery phrase stay as they are.`,
  create: "Create the vault",
};

type Step = "form" | "phrase" | "check" | "name";
const STEPS = ["form", "phrase", "check"];

/** The account is made on the server only in the last step, when the phrase has been confirmed. */
export function Register() {
  const [step, setStep] = useState<Step>("form");
  const [username, setUsername] = useState("");
  const [taken, setTaken] = useState("");
  const [choice, setChoice] = useState<Choice>({ password: "", ready: false });
  const [words, setWords] = useState<string[]>([]);
  const task = useTask();
  const wait = useCountdown(task.error);
  useEffect(() => guard(() => words.length > 0), [words]);

  const prepare = () => task.run(async () => {
    setWords((await api.prepareRegistration({ password: choice.password })).words);
    setStep("phrase");
  });
  const create = () => task.run(async () => {
    try {
      const { username: canonical } = await api.register({ username, device: deviceName() });
      setWords([]);
      guard(() => false);
      tellOthers("signed in");
      unlocked(canonical);
    } catch (e) {
      if (asCoreError(e).code !== "username_taken") throw e;
      setTaken(username);
      setUsername("");
      setStep("name");
    }
  });

  const progress = (
    <p class="steps">Step {Math.max(1, STEPS.indexOf(step) + 1)} of 3</p>
  );

  switch (step) {
    case "form":
      return (
        <Frame>
          {progress}
          <Heading title={text.title} focus={false}>{text.title}</Heading>
          <form class="stack" onSubmit={(e) => {
            e.preventDefault();
            if (username.trim() && choice.ready) prepare();
          }}>
            <TextField label={text.username} value={username} onInput={setUsername} autocomplete="username" required
              maxLength={128} hint={text.usernameHint} inputRef={focusOnce} />
            <NewPassword username={username} onChoice={setChoice} labels={text.passwords} />
            <Problem error={task.error} wait={wait} />
            {task.busy
              ? <Working onCancel={restart}>{text.deriving}</Working>
              : <Button type="submit" kind="primary" wide disabled={!username.trim() || !choice.ready}>{text.submit}</Button>}
          </form>
          <nav class="panel-links" aria-label="Other ways in">
            <p>{text.have} <a href={href("sign-in")}>{text.signIn}</a></p>
          </nav>
        </Frame>
      );
    case "phrase":
      return (
        <Frame wide>
          {progress}
          <Heading title={text.phraseTitle}>{text.phraseTitle}</Heading>
          <PhraseSheet words={words} username={username} />
          <Button kind="primary" wide onClick={() => setStep("check")}>{text.kept}</Button>
        </Frame>
      );
    case "check":
      return (
        <Frame>
          {progress}
          <Heading title={text.checkTitle} focus={false}>{text.checkTitle}</Heading>
          <PhraseCheck words={words} busy={task.busy} onConfirmed={create} onBack={() => setStep("phrase")} />
          <Problem error={task.error} wait={wait} />
          {task.busy && <Working>{text.creating}</Working>}
        </Frame>
      );
    case "name":
      return (
        <Frame>
          <Heading title={text.nameTitle} focus={false}>{text.nameTitle}</Heading>
          <p class="lead">{text.nameLead(taken)}</p>
          <form class="stack" onSubmit={(e) => {
            e.preventDefault();
            if (username.trim()) create();
          }}>
            <TextField label={text.username} value={username} onInput={setUsername} autocomplete="username" required
              maxLength={128} inputRef={focusOnce} />
            <Problem error={task.error} wait={wait} />
            <Button type="submit" kind="primary" wide busy={task.busy} disabled={!username.trim()}>{text.create}</Button>
          </form>
        </Frame>
      );
  }
}
