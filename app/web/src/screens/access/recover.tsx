import { useEffect, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { restart } from "../../core/host";
import { MAX_USERNAME_RUNES } from "../../core/protocol.gen";
import { core, toast } from "../../state/app";
import { deviceName } from "../../state/device";
import { href } from "../../state/route";
import { unlocked } from "../../state/session";
import { notifyTabs } from "../../state/tabs";
import { texts } from "../../texts";
import { Button, CoreProgress, Heading, Working } from "../../ui/controls";
import { Check, TextArea, TextField } from "../../ui/field";
import { focusOnce } from "../../ui/focus";
import { Icon } from "../../ui/icon";
import { Problem, useCountdown, useTask } from "../../ui/task";
import { Frame } from "./frame";
import { type Choice, NewPassword } from "./new-password";

interface Judged {
  ok: boolean;
  word: number; // number of the first word that is not in the list; 0 if the mistake is another one
}

const PHRASE_WORDS = 24;

export function mistake(word: number, words: number): string {
  const text = texts.value.recover;
  if (word) return text.unknownWord({ number: word });
  return words > PHRASE_WORDS ? text.tooMany : text.mixedUp;
}

export function Recover() {
  const { common, recover: text } = texts.value;
  const [username, setUsername] = useState("");
  const [phrase, setPhrase] = useState("");
  const [judged, setJudged] = useState<Judged | null>(null);
  const [choice, setChoice] = useState<Choice>({ password: "", ready: false });
  const [lost, setLost] = useState(false);
  const task = useTask();
  const wait = useCountdown(task.error);
  const words = phrase.trim() ? phrase.trim().split(/\s+/).length : 0;

  useEffect(() => {
    setJudged(null);
    if (!words) return;
    let current = true;
    api.checkPhrase({ phrase }).then(
      (j) => current && setJudged(j),
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [phrase]);

  // The last word may be half typed, so only a complete phrase is called wrong.
  const wrong = judged && !judged.ok && words >= PHRASE_WORDS ? mistake(judged.word, words) : null;
  const ready = username.trim() !== "" && judged?.ok === true && choice.ready && !wait;

  const progress = words ? text.count({ count: words }) : text.phraseHint;

  const recover = () =>
    task.run(async () => {
      const answer = await api.recover({
        username,
        phrase,
        password: choice.password,
        remove_totp: lost,
        device: deviceName(),
      });
      notifyTabs("signed in");
      unlocked(answer.username);
      toast(text.done);
    });

  return (
    <Frame>
      <Heading title={text.title} focus={false}>
        {text.title}
      </Heading>
      <p class="lead">{text.lead}</p>
      <form
        class="stack"
        onSubmit={(e) => {
          e.preventDefault();
          if (ready) recover();
        }}
      >
        <TextField
          label={common.username}
          value={username}
          onInput={setUsername}
          autocomplete="username"
          required
          maxLength={MAX_USERNAME_RUNES}
          inputRef={focusOnce}
        />
        <TextArea
          label={common.recoveryPhrase}
          value={phrase}
          onInput={setPhrase}
          rows={6}
          mono
          error={wrong}
          hint={
            judged?.ok ? (
              <span class="good">
                <Icon name="check" />
                {text.complete}
              </span>
            ) : (
              progress
            )
          }
        />
        <NewPassword username={username} onChoice={setChoice} />
        <Check label={text.lost} hint={text.lostHint} checked={lost} onChange={setLost} />
        <Problem error={task.error} wait={wait} />
        {!judged && words >= PHRASE_WORDS && !core.value.ready && <CoreProgress /> /* it checks the phrase */}
        {task.busy ? (
          <Working onCancel={restart}>{common.derivingKeys}</Working>
        ) : (
          <Button type="submit" kind="primary" wide disabled={!ready}>
            {text.submit}
          </Button>
        )}
      </form>
      <nav class="panel-links" aria-label={common.otherWays}>
        <a href={href("sign-in")}>{text.back}</a>
      </nav>
    </Frame>
  );
}
