// One verified person.
import { useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import type { VerifiedPerson } from "../../core/protocol.gen";
import { toast } from "../../state/app";
import { laterTexts } from "../../texts";
import { Button } from "../../ui/controls";
import { Confirm, Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { Problem, useTask } from "../../ui/task";
import { Fingerprint } from "./fingerprint";
import { howVerified } from "./how";
import { alarmOf, checked, people, personKey, read } from "./state";

function Forget({ person, onDone, onClose }: { person: VerifiedPerson; onDone: () => void; onClose: () => void }) {
  const { people: text } = laterTexts.value;
  const task = useTask();
  const name = person.username;
  const forget = () =>
    task.run(async () => {
      await api.forgetPerson({ user_id: person.user_id });
      toast(text.forgotten({ name }));
      await read();
      onDone();
    });
  return (
    <Confirm title={text.forgetTitle({ name })} action={text.forget} danger busy={task.busy} onConfirm={forget} onClose={onClose}>
      <div class="stack">
        <p>{text.forgetLead({ name })}</p>
        <Problem error={task.error} />
      </div>
    </Confirm>
  );
}

export function Person({ person, onVerify, onClose }: { person: VerifiedPerson; onVerify: () => void; onClose: () => void }) {
  const { people: text } = laterTexts.value;
  const [forgetting, setForgetting] = useState(false);
  const alarm = alarmOf(person, checked.value);
  const shown = checked.value.get(personKey(person))?.shown;
  if (forgetting) return <Forget person={person} onDone={onClose} onClose={onClose} />;
  return (
    <Dialog title={person.username} onClose={onClose}>
      <div class="dialog-body stack">
        {(person.conflict || alarm) && (
          <p class="problem">
            <Icon name="danger" />
            <span>{text.alarms[person.conflict ? "conflict" : (alarm as keyof typeof text.alarms)]}</span>
          </p>
        )}
        <p class="lead">{howVerified(person, people.value ?? [])}</p>
        <h3>{text.fingerprint}</h3>
        <Fingerprint digits={person.fingerprint} label={text.fingerprint} />
        {shown && (
          <>
            <h3>{text.shown}</h3>
            <Fingerprint digits={shown} label={text.shown} />
          </>
        )}
        <div class="actions">
          <Button kind={person.conflict || alarm ? "primary" : "plain"} onClick={onVerify}>
            {text.compareAgain}
          </Button>
          <Button kind="danger" onClick={() => setForgetting(true)}>
            {text.forget}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
