import { useEffect, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { checkInvitation } from "../../core/early";
import { asCoreError, CoreError } from "../../core/error";
import { restart } from "../../core/host";
import { type ErrorCode, MAX_USERNAME_RUNES, type Offered } from "../../core/protocol.gen";
import { toast } from "../../state/app";
import { deviceName } from "../../state/device";
import { badLink, invitation, parseLink } from "../../state/invitation";
import { guard, href, unguard } from "../../state/route";
import { unlocked } from "../../state/session";
import { notifyTabs } from "../../state/tabs";
import { texts } from "../../texts";
import { Button, Heading, Working } from "../../ui/controls";
import { TextField } from "../../ui/field";
import { focusOnce } from "../../ui/focus";
import { Icon } from "../../ui/icon";
import { Problem, useCountdown, useTask } from "../../ui/task";
import { Frame } from "./frame";
import { type Choice, NewPassword } from "./new-password";
import { PhraseCheck, PhraseSheet, usePhraseCheck } from "./phrase";

type Step = "invitation" | "form" | "phrase" | "check" | "name";
const STEPS = ["form", "phrase", "check"];
const NEEDS_INVITATION = new Set<ErrorCode>(["invitation_required", "invitation_invalid", "bad_invitation", "offer_invalid"]);

/** What the inviter sealed for the user; null: nothing is known yet, or there is no invitation. */
const readOffer = async () => (invitation.value ? api.readOffer({ invitation: invitation.value }) : null);

/** Who made the link. The operator of the server makes links without a name. */
function Inviter({ offered }: { offered: Offered | null }) {
  const { register: text } = texts.value;
  if (!offered)
    return (
      <p class="muted" role="status">
        {text.checkingInvitation}
      </p>
    );
  const { inviter: name } = offered;
  if (!name) return null;
  return (
    <div class="inviter">
      <Icon name="shield" />
      <p>
        <strong>{text.invited({ name })}</strong>
        <span>{text.invitedLead({ name })}</span>
      </p>
    </div>
  );
}

/** Creates the account on the server only in the last step, after the phrase is confirmed. */
export function Register() {
  const { common, register: text } = texts.value;
  const [step, setStep] = useState<Step>("form");
  const [link, setLink] = useState("");
  const [username, setUsername] = useState("");
  const [taken, setTaken] = useState("");
  const [choice, setChoice] = useState<Choice>({ password: "", ready: false });
  const [words, setWords] = useState<string[]>([]);
  const check = usePhraseCheck(words);
  const [offered, setOffered] = useState<Offered | null>(null);
  const gate = useTask(); // whether this server accepts a registration
  const task = useTask();
  const wait = useCountdown(task.error);
  useEffect(() => (words.length > 0 ? guard(() => true, "phrase") : undefined), [words]);

  const look = () =>
    gate.run(async () => {
      setOffered(null);
      try {
        if (badLink.value) throw new CoreError("bad_invitation");
        await checkInvitation(invitation.value);
        setStep("form");
        setOffered(await readOffer());
      } catch (e) {
        const { code } = asCoreError(e);
        if (!NEEDS_INVITATION.has(code)) throw e;
        setStep("invitation");
        if (code !== "invitation_required") throw e;
      }
    });
  useEffect(() => look(), [invitation.value]);

  const prepare = () =>
    task.run(async () => {
      if (!offered) setOffered(await readOffer()); // could not be read before
      await api.checkRegistration({ username, invitation: invitation.value }).catch((e: unknown) => {
        if (asCoreError(e).code !== "bad_request") throw e;
        throw new CoreError("bad_username");
      });
      setWords((await api.prepareRegistration({ password: choice.password })).words);
      setStep("phrase");
    });
  const create = () =>
    task.run(async () => {
      try {
        const made = await api.register({ username, device: deviceName(), invitation: invitation.value });
        setWords([]);
        invitation.value = "";
        unguard();
        notifyTabs("signed in");
        unlocked(made.username);
        if (made.inviter) toast(text.inviterVerified({ name: made.inviter }));
        else if (made.unpinned) toast(text.inviterUnpinned({ name: offered?.inviter ?? "" }), "problem");
      } catch (e) {
        if (asCoreError(e).code !== "username_taken") throw e;
        setTaken(username);
        setUsername("");
        setStep("name");
      }
    });

  const progress = <p class="steps">{text.step({ number: Math.max(1, STEPS.indexOf(step) + 1), total: STEPS.length })}</p>;
  const signIn = (
    <nav class="panel-links" aria-label={common.otherWays}>
      <p>
        {text.have} <a href={href("sign-in")}>{common.signIn}</a>
      </p>
    </nav>
  );
  const name = (hint?: string) => (
    <TextField
      label={common.username}
      value={username}
      onInput={setUsername}
      autocomplete="username"
      required
      maxLength={MAX_USERNAME_RUNES}
      hint={hint}
      inputRef={focusOnce}
    />
  );

  switch (step) {
    case "invitation":
      return (
        <Frame>
          <Heading title={text.invitationTitle}>{text.invitationTitle}</Heading>
          <p class="lead">{text.invitationLead}</p>
          <form
            key="invitation"
            class="stack"
            onSubmit={(e) => {
              e.preventDefault();
              const read = parseLink(link);
              setLink("");
              badLink.value = false;
              if (read && read !== invitation.value) invitation.value = read;
              else if (read) look();
              else gate.refuse(new CoreError("bad_invitation"));
            }}
          >
            <TextField label={text.invitationLink} value={link} onInput={setLink} required mono />
            <Problem error={gate.error} />
            <Button type="submit" kind="primary" wide busy={gate.busy} disabled={!link}>
              {text.submit}
            </Button>
          </form>
          {signIn}
        </Frame>
      );
    case "form":
      return (
        <Frame>
          {progress}
          <Heading title={text.title} focus={false}>
            {text.title}
          </Heading>
          {invitation.value && !gate.error && <Inviter offered={offered} />}
          <form
            class="stack"
            onSubmit={(e) => {
              e.preventDefault();
              if (username.trim() && choice.ready) prepare();
            }}
          >
            {name(text.usernameHint)}
            <NewPassword username={username} onChoice={setChoice} labels={{ first: common.masterPassword, again: text.again }} />
            <Problem error={task.error ?? gate.error} wait={wait} />
            {task.busy ? (
              <Working onCancel={restart}>{common.derivingKey}</Working>
            ) : (
              <Button type="submit" kind="primary" wide disabled={!username.trim() || !choice.ready}>
                {text.submit}
              </Button>
            )}
          </form>
          {signIn}
        </Frame>
      );
    case "phrase":
      return (
        <Frame wide>
          {progress}
          <Heading title={text.phraseTitle}>{text.phraseTitle}</Heading>
          <PhraseSheet words={words} username={username} />
          <Button kind="primary" wide onClick={() => setStep("check")}>
            {common.savedWords}
          </Button>
        </Frame>
      );
    case "check":
      return (
        <Frame>
          {progress}
          <Heading title={text.checkTitle} focus={false}>
            {text.checkTitle}
          </Heading>
          <PhraseCheck check={check} busy={task.busy} onConfirmed={create} onBack={() => setStep("phrase")} />
          <Problem error={task.error} wait={wait} />
          {task.busy && <Working>{text.creating}</Working>}
        </Frame>
      );
    case "name":
      return (
        <Frame>
          <Heading title={text.nameTitle} focus={false}>
            {text.nameTitle}
          </Heading>
          <p class="lead">{text.nameLead({ name: taken })}</p>
          <form
            class="stack"
            onSubmit={(e) => {
              e.preventDefault();
              if (username.trim()) create();
            }}
          >
            {name()}
            <Problem error={task.error} wait={wait} />
            <Button type="submit" kind="primary" wide busy={task.busy} disabled={!username.trim()}>
              {text.create}
            </Button>
          </form>
        </Frame>
      );
  }
}
