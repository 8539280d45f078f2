// Verifies a person: finds the identity that the server shows, and compares its fingerprint.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { asCoreError, CoreError } from "../../core/error";
import { type FoundPerson, MAX_USERNAME_RUNES } from "../../core/protocol.gen";
import { toast } from "../../state/app";
import { laterTexts } from "../../texts";
import { dayOf } from "../../texts/dates";
import { Button } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { OwnFields, Segments, TextArea, TextField } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Problem, useTask } from "../../ui/task";
import { Fingerprint } from "./fingerprint";
import { digitsIn, read } from "./state";

const DIGITS = 60;

function Find({ username, onFound }: { username: string; onFound: (found: FoundPerson) => void }) {
  const { people: text } = laterTexts.value;
  const [name, setName] = useState(username);
  const [wrong, setWrong] = useState<string | null>(null);
  const task = useTask();
  const find = () =>
    task.run(async () => {
      setWrong(null);
      try {
        const found = await api.findPerson({ username: name });
        if (found.standing === "older") throw new CoreError("person_older");
        if (found.standing === "unsure") setWrong(text.alarms.unsure);
        else onFound(found);
      } catch (e) {
        const { code } = asCoreError(e);
        if (code === "not_found") setWrong(text.nobody);
        else if (code === "bad_input") setWrong(text.self);
        else throw e;
      }
    });
  return (
    <form
      class="dialog-body stack"
      onSubmit={(e) => {
        e.preventDefault();
        if (name.trim()) find();
      }}
    >
      <p class="lead">{text.findLead}</p>
      <OwnFields.Provider value>
        <TextField label={text.username} value={name} onInput={setName} error={wrong} required maxLength={MAX_USERNAME_RUNES} />
      </OwnFields.Provider>
      <Problem error={task.error} />
      <Button type="submit" kind="primary" wide busy={task.busy} disabled={!name.trim()}>
        {text.next}
      </Button>
    </form>
  );
}

/** The identity that the user verified earlier under this name. */
function Before({ found }: { found: FoundPerson }) {
  const { people: text } = laterTexts.value;
  if (found.standing === "unknown" || found.known.length === 0) return null;
  const [known] = found.known;
  const date = dayOf(known!.since);
  if (found.standing === "verified") return <p class="muted">{text.before.verified({ date })}</p>;
  if (found.standing === "renewed") return <p class="muted">{text.before.renewed({ date })}</p>;
  return (
    <div class="problem" role="alert">
      <Icon name="danger" />
      <p>{found.standing === "parted" ? text.before.parted({ date }) : text.before.other_user({ date })}</p>
    </div>
  );
}

function Compare({ found, onDiffers, onDone }: { found: FoundPerson; onDiffers: () => void; onDone: () => void }) {
  const { people: text } = laterTexts.value;
  const [way, setWay] = useState<"aloud" | "paste">("aloud");
  const [typed, setTyped] = useState("");
  const lead = useRef<HTMLParagraphElement>(null);
  const task = useTask();
  useLayoutEffect(() => lead.current?.focus(), []); // the field that had the focus is gone
  const name = found.username;
  const count = digitsIn(typed).length;
  const verify = (digits: string) =>
    task.run(async () => {
      try {
        await api.verifyPerson({ user_id: found.user_id, digits });
      } catch (e) {
        if (asCoreError(e).code !== "other_fingerprint") throw e;
        onDiffers();
        return;
      }
      toast(text.isVerified({ name }));
      await read();
      onDone();
    });
  return (
    <form
      class="dialog-body stack"
      onSubmit={(e) => {
        e.preventDefault();
        if (way === "paste" && count === DIGITS) verify(typed);
      }}
    >
      <p class="lead" ref={lead} tabIndex={-1}>
        {text.compareLead({ name })}
      </p>
      <Before found={found} />
      <Segments
        label={text.way}
        value={way}
        onChange={setWay}
        options={[
          { value: "aloud", label: text.aloud },
          { value: "paste", label: text.paste },
        ]}
      />
      {way === "aloud" ? (
        <>
          <Fingerprint digits={found.fingerprint} label={text.shownOf({ name })} />
          <Problem error={task.error} />
          <Button kind="primary" wide busy={task.busy} onClick={() => verify(found.fingerprint)}>
            {text.same}
          </Button>
          <Button wide onClick={onDiffers}>
            {text.different}
          </Button>
        </>
      ) : (
        <>
          <OwnFields.Provider value>
            <TextArea
              label={text.pasted}
              value={typed}
              onInput={setTyped}
              rows={3}
              mono
              hint={count > 0 && count !== DIGITS ? text.digits({ count, limit: DIGITS }) : text.pastedHint}
            />
          </OwnFields.Provider>
          <Problem error={task.error} />
          <Button type="submit" kind="primary" wide busy={task.busy} disabled={count !== DIGITS}>
            {text.compare}
          </Button>
        </>
      )}
    </form>
  );
}

function Differs({ name, onAgain, onClose }: { name: string; onAgain: () => void; onClose: () => void }) {
  const { people: text } = laterTexts.value;
  const close = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => close.current?.focus(), []);
  return (
    <div class="dialog-body stack">
      <div class="problem" role="alert">
        <Icon name="danger" />
        <p>{text.differs({ name })}</p>
      </div>
      <p>{text.differsNext}</p>
      <Button kind="primary" wide onClick={onClose} buttonRef={close}>
        {text.dontTrust}
      </Button>
      <Button wide onClick={onAgain}>
        {text.compareAgain}
      </Button>
    </div>
  );
}

export function Verify({ username, onClose }: { username: string; onClose: () => void }) {
  const { people: text } = laterTexts.value;
  const [found, setFound] = useState<FoundPerson | null>(null);
  const [differs, setDiffers] = useState(false);
  const show = () => {
    if (!found) return <Find username={username} onFound={setFound} />;
    if (differs) return <Differs name={found.username} onAgain={() => setDiffers(false)} onClose={onClose} />;
    return <Compare found={found} onDiffers={() => setDiffers(true)} onDone={onClose} />;
  };
  return (
    <Dialog title={found ? text.verifyName({ name: found.username }) : text.verifyTitle} onClose={onClose}>
      {show()}
    </Dialog>
  );
}
