// The list of events with its filters.
import { useEffect, useRef, useState } from "preact/hooks";
import type { AuditEvent, AuditKind } from "../../core/protocol.gen";
import { toast } from "../../state/app";
import { laterTexts, locale, texts } from "../../texts";
import { dayOf, today, when } from "../../texts/dates";
import { Button, Empty, Working } from "../../ui/controls";
import { OwnFields, Select, TextField } from "../../ui/field";
import { unlessFocused } from "../../ui/focus";
import { saveFile } from "../../ui/save-file";
import { Problem, useTask } from "../../ui/task";
import { ALL, asLines, type Choice, type Found, MOST, readOn, searchedTo } from "./trail";

/** What happened. A newer server may have other kinds. */
function nameOf(kind: AuditKind): string {
  const kinds: Record<AuditKind, string> = laterTexts.value.events.kinds;
  return Object.hasOwn(kinds, kind) ? kinds[kind] : kind.replaceAll("_", " ");
}

/** Who did it to whom. The log of an account leaves out its user, who is in every event. */
function peopleOf({ who, whom, host }: AuditEvent, account: boolean): string {
  const text = laterTexts.value.events;
  const by = host ? text.onHost : (who ?? text.stranger);
  if (whom) return text.about({ who: by, whom });
  return account && !host ? "" : by;
}

function Row({ event, account }: { event: AuditEvent; account: boolean }) {
  const text = laterTexts.value.events;
  const facts = [peopleOf(event, account), event.address, event.device].filter(Boolean);
  return (
    <li class="event">
      <h3>
        {nameOf(event.kind)}
        {event.count > 1 && <span class="badge">{text.times({ count: event.count })}</span>}
      </h3>
      <time dateTime={event.last}>{when(event.last)}</time>
      {facts.length > 0 && (
        <p>
          {facts.map((fact, n) => (
            <>
              {n > 0 && " · "}
              <bdi key={n}>{fact}</bdi>
            </>
          ))}
        </p>
      )}
    </li>
  );
}

function Filters({ account, busy, onChoice }: { account: boolean; busy: boolean; onChoice: (choice: Choice) => void }) {
  const text = laterTexts.value.events;
  const [choice, setChoice] = useState(ALL);
  const set = (more: Partial<Choice>) => setChoice({ ...choice, ...more });
  const kinds = (Object.keys(text.kinds) as AuditKind[])
    .map((value) => ({ value, label: nameOf(value) }))
    .sort((a, b) => a.label.localeCompare(b.label, locale.value));
  return (
    <form
      class="event-filters"
      onSubmit={(e) => {
        e.preventDefault();
        if (!busy) onChoice(choice);
      }}
    >
      <Select
        label={text.kind}
        value={choice.kind}
        options={[{ value: "" as const, label: text.anyKind }, ...kinds]}
        onChange={(kind) => set({ kind })}
      />
      {!account && (
        <OwnFields.Provider value>
          <TextField label={text.user} value={choice.user} onInput={(user) => set({ user })} />
        </OwnFields.Provider>
      )}
      <TextField type="date" label={text.from} value={choice.from} onInput={(from) => set({ from })} />
      <TextField type="date" label={text.to} value={choice.to} onInput={(to) => set({ to })} />
      <Button type="submit" icon="filter" busy={busy}>
        {text.apply}
      </Button>
    </form>
  );
}

/** Saves what the filters choose, as a line of JSON for each event. */
function Download({ choice, account }: { choice: Choice; account: boolean }) {
  const text = laterTexts.value.events;
  const task = useTask();
  const [count, setCount] = useState(0);
  const stopped = useRef(false);
  useEffect(
    () => () => {
      stopped.current = true;
    },
    [],
  );
  const download = () =>
    task.run(async () => {
      stopped.current = false;
      setCount(0);
      const all = await asLines(choice, account, (n) => {
        if (!stopped.current) setCount(n);
        return !stopped.current;
      });
      if (!all) return;
      saveFile(`${account ? "security-log" : "events"}-${today()}.jsonl`, all.lines.join(""), "text/plain");
      if (!all.complete) toast(text.cut({ count: MOST }), "problem");
    });
  return (
    <div class="event-download">
      <Problem error={task.error} />
      {task.busy ? (
        <Working onCancel={() => (stopped.current = true)}>{text.collecting({ count })}</Working>
      ) : (
        <Button icon="download" onClick={download}>
          {text.download}
        </Button>
      )}
    </div>
  );
}

function List({ found: { events, next }, account, chosen }: { found: Found; account: boolean; chosen: boolean }) {
  const text = laterTexts.value.events;
  if (events.length > 0)
    return (
      <ul class="card events">
        {events.map((event) => (
          <Row key={event.id} event={event} account={account} />
        ))}
      </ul>
    );
  return (
    <Empty icon="search" title={next ? text.noneYet : text.none}>
      {chosen && <p class="muted">{text.noneHint}</p>}
    </Empty>
  );
}

export function Events({ account = false }: { account?: boolean }) {
  const { common } = texts.value;
  const { events: text } = laterTexts.value;
  const [choice, setChoice] = useState(ALL);
  const [found, setFound] = useState<Found | null>(null);
  const status = useRef<HTMLParagraphElement>(null);
  const task = useTask();
  const read = (wanted: Choice, before?: Found) =>
    task.run(async () => {
      const now = await readOn(wanted, account, before);
      setChoice(wanted);
      setFound(now);
      unlessFocused(status); // the button may be gone
    });
  useEffect(() => read(ALL), []);
  const count = found && text.count({ count: found.events.length });
  return (
    <div class="event-log">
      <Filters account={account} busy={task.busy} onChoice={(wanted) => read(wanted)} />
      <Problem error={task.error} />
      {task.error && (
        <p class="buttons">
          <Button icon="refresh" onClick={() => read(choice)}>
            {common.tryAgain}
          </Button>
        </p>
      )}
      {(found || task.busy) && (
        <p class="muted" role="status" ref={status} tabIndex={-1}>
          {count ?? text.loading}
          {found?.next && ` ${text.searched({ date: dayOf(searchedTo(found.next)) })}`}
        </p>
      )}
      {found && <List found={found} account={account} chosen={choice !== ALL} />}
      {found?.next && (
        <Button busy={task.busy} onClick={() => read(choice, found)}>
          {text.older}
        </Button>
      )}
      {!!found?.events.length && <Download choice={choice} account={account} />}
    </div>
  );
}
