// Whom the user has verified, who waits to be accepted, and what others need to verify the user.
import { useEffect, useRef, useState } from "preact/hooks";
import type { VerifiedPerson } from "../../core/protocol.gen";
import { administrator } from "../../state/standing";
import { laterTexts, texts } from "../../texts";
import { Button, Empty, Heading } from "../../ui/controls";
import { unlessFocused } from "../../ui/focus";
import { Icon } from "../../ui/icon";
import { Problem } from "../../ui/task";
import { howVerified } from "./how";
import { Invitations, Waiting } from "./invitations";
import { OwnFingerprint } from "./own";
import { Person } from "./person";
import { alarmOf, checked, open, people, personKey, problem, read, reading, unreadable } from "./state";
import { Verify } from "./verify";

function Row({ person, all, onOpen }: { person: VerifiedPerson; all: VerifiedPerson[]; onOpen: () => void }) {
  const { people: text } = laterTexts.value;
  const alarm = alarmOf(person, checked.value);
  const gone = checked.value.get(personKey(person))?.standing === "gone";
  const bad = person.conflict || alarm;
  const trust = person.how === "introduced" ? "unknown" : "check";
  return (
    <li class="setting person">
      <span class={bad ? "person-mark person-bad" : "person-mark"}>
        <Icon name={bad ? "danger" : trust} />
      </span>
      <div class="setting-text">
        <h3>
          <bdi>{person.username}</bdi>
        </h3>
        {bad ? (
          <p class="person-alarm">{text.alarms[person.conflict ? "conflict" : (alarm as keyof typeof text.alarms)]}</p>
        ) : (
          <p>
            {howVerified(person, all)}
            {gone && ` ${text.gone}`}
          </p>
        )}
      </div>
      <div class="setting-control">
        <Button label={text.showOf({ name: person.username })} onClick={onOpen}>
          {text.show}
        </Button>
      </div>
    </li>
  );
}

function List({ onOpen, onVerify }: { onOpen: (person: VerifiedPerson) => void; onVerify: () => void }) {
  const { people: text } = laterTexts.value;
  const list = people.value ?? [];
  return (
    <div class="card">
      {list.length > 0 ? (
        <>
          <div class="setting">
            <div class="setting-text">
              <h3>{text.verifyTitle}</h3>
              <p>{text.verifyHint}</p>
            </div>
            <div class="setting-control">
              <Button kind="primary" icon="plus" onClick={onVerify}>
                {text.verify}
              </Button>
            </div>
          </div>
          <ul>
            {list.map((person) => (
              <Row key={personKey(person)} person={person} all={list} onOpen={() => onOpen(person)} />
            ))}
          </ul>
        </>
      ) : (
        <Empty icon="people" title={text.none}>
          <p>{administrator.value ? text.noneInvite : text.noneHint}</p>
          <Button kind="primary" icon="plus" onClick={onVerify}>
            {text.verify}
          </Button>
        </Empty>
      )}
    </div>
  );
}

export function PeoplePage() {
  const { common, pages } = texts.value;
  const { people: text } = laterTexts.value;
  const [shown, setShown] = useState<VerifiedPerson | null>(null);
  const [verifying, setVerifying] = useState<string | null>(null); // a username; empty: not known yet
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(open, []);
  return (
    <div class="column admin">
      <Heading title={pages.people}>{pages.people}</Heading>
      <p class="lead">{text.lead}</p>
      {problem.value && (
        <>
          <Problem error={problem.value} />
          <p class="buttons">
            <Button icon="refresh" busy={reading.value} onClick={() => void read()}>
              {common.tryAgain}
            </Button>
          </p>
        </>
      )}
      <Waiting />
      <OwnFingerprint />
      <section class="settings-section">
        <h2 ref={title} tabIndex={-1}>
          {text.verified}
        </h2>
        {unreadable.value > 0 && (
          <p class="notice">
            <Icon name="danger" />
            <span>{text.unreadable({ count: unreadable.value })}</span>
          </p>
        )}
        {people.value ? (
          <List onOpen={setShown} onVerify={() => setVerifying("")} />
        ) : (
          <p class="muted" role="status">
            {text.loading}
          </p>
        )}
      </section>
      {administrator.value && <Invitations />}
      {shown && (
        <Person
          person={shown}
          onVerify={() => {
            setShown(null);
            setVerifying(shown.username);
          }}
          onClose={() => {
            setShown(null);
            unlessFocused(title);
          }}
        />
      )}
      {verifying !== null && (
        <Verify
          username={verifying}
          onClose={() => {
            setVerifying(null);
            unlessFocused(title);
          }}
        />
      )}
    </div>
  );
}
