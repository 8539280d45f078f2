// What password health says about one item, beside its fields.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import type { Findings, Item, Kind } from "../../core/protocol.gen";
import { readOnly } from "../../state/app";
import { handled } from "../../state/app-errors";
import { ignore, quietly, unignore } from "../../state/edits";
import { href } from "../../state/route";
import { all } from "../../state/vault";
import { laterTexts } from "../../texts";
import { dayOf } from "../../texts/dates";
import { Button } from "../../ui/controls";
import { Icon, type IconName } from "../../ui/icon";
import { Problem, useTask } from "../../ui/task";
import { hostOf } from "../../ui/url";
import { useBreachAddress } from "./breaches";
import { setOpen } from "./position";
import { formFor, found, isOfPassword, nextAfter, reported, work } from "./worklist";

export interface ItemHealth {
  findings: Findings;
  again: () => void;
}

/** Null until the core has answered, and for an item without a password. Nothing waits for it. */
export function useItemHealth(item: Item): ItemHealth | null {
  const [findings, setFindings] = useState<Findings | null>(null);
  const [attempt, setAttempt] = useState(0);
  const asks = !!item.password && !item.trashed && !readOnly.value;
  const items = all.value; // another item may have the same password
  useEffect(() => {
    if (!asks) {
      setFindings(null);
      return;
    }
    let current = true;
    api.itemHealth({ id: item.id }).then((f) => current && setFindings(f), handled);
    return () => {
      current = false;
    };
  }, [item.id, item.modified, items, asks, attempt]);
  return findings && { findings, again: () => setAttempt((n) => n + 1) };
}

const SHOWN: Kind[] = ["breached", "weak", "reused", "old", "insecure"]; // many sites offer no second factor
const OTHERS = 3; // items with the same password that are named

const warningsOf = ({ findings }: ItemHealth) => SHOWN.filter((k) => reported(findings, k));

const CARD = "item-health";

/** Says above the fields that there are warnings below them. */
export function WarningsLink({ health }: { health: ItemHealth | null }) {
  const count = health ? warningsOf(health).length : 0;
  if (count === 0) return null;
  const show = () => {
    const card = document.getElementById(CARD);
    card?.scrollIntoView({ block: "center" });
    card?.querySelector<HTMLElement>("h3")?.focus({ preventScroll: true });
  };
  return (
    <button type="button" class="warnings-link" onClick={show}>
      <Icon name="danger" />
      <span>{laterTexts.value.itemHealth.warnings({ count })}</span>
    </button>
  );
}

/** The other items with this password, or the first of them. */
function Others({ ids }: { ids: string[] }) {
  const text = laterTexts.value.itemHealth;
  const named = (all.value ?? []).filter((s) => ids.includes(s.id)).slice(0, OTHERS);
  return (
    <>
      {text.reusedHint({ count: ids.length })}{" "}
      {named.map((s, i) => (
        <span key={s.id} class="other">
          <a href={href("item", s.id)} dir="auto" title={s.title}>
            {s.title}
          </a>
          {i + 1 < ids.length && ","}{" "}
        </span>
      ))}
      {ids.length > named.length && (
        <a href={href("health")} onClick={() => setOpen("reused", true)}>
          {text.more({ count: ids.length - named.length })}
        </a>
      )}
    </>
  );
}

function hintOf(kind: Kind, f: Findings): ComponentChildren {
  const text = laterTexts.value.itemHealth;
  switch (kind) {
    case "breached":
      return text.hints.breached({ count: f.breached });
    case "reused":
      return <Others ids={f.reused} />;
    case "old":
      return f.since && text.since({ date: dayOf(f.since) });
    case "insecure":
      return text.hints.insecure({ host: hostOf(f.insecure) });
    default:
      return text.hints.weak;
  }
}

interface RowProps {
  state: "found" | "calm" | "good";
  icon: IconName;
  title: string;
  hint?: ComponentChildren;
  children?: ComponentChildren; // its action
}

const Row = ({ state, icon, title, hint, children }: RowProps) => (
  <li class="health-row" data-state={state}>
    <Icon name={icon} />
    <div>
      <b>{title}</b>
      {hint && <span>{hint}</span>}
    </div>
    {children}
  </li>
);

/** A finding and the button that ignores it. Reused passwords are ignored for all items that share one. */
function Warning({ item, kind, findings }: { item: Item; kind: Kind; findings: Findings }) {
  const { health, itemHealth: text } = laterTexts.value;
  const ignored = !reported(findings, kind);
  const ids = kind === "reused" ? [item.id, ...findings.reused] : [item.id];
  const title = text.titles[kind];
  const action = ignored ? health.unignore : health.ignore;
  return (
    <Row
      state={ignored ? "calm" : "found"}
      icon={ignored ? "eyeOff" : "danger"}
      title={ignored ? text.ignored({ finding: title }) : title}
      hint={hintOf(kind, findings)}
    >
      <Button kind="quiet" label={`${action}: ${title}`} onClick={() => quietly((ignored ? unignore : ignore)(kind)(ids))}>
        {action}
      </Button>
    </Row>
  );
}

/** Whether the password was found in a breach, or the button that asks. The operator may have turned the check off. */
function BreachCheck({ item, health: { findings, again } }: { item: Item; health: ItemHealth }) {
  const text = laterTexts.value.itemHealth;
  const address = useBreachAddress();
  const task = useTask();
  if (findings.breached > 0) return null;
  if (findings.checked) return <Row state="good" icon="check" title={text.clear} />;
  if (!address) return null;
  const check = () =>
    task.run(async () => {
      await api.breach({ id: item.id });
      again();
    });
  return (
    <>
      <Row state="calm" icon="unknown" title={text.unchecked} hint={text.checkHint({ host: hostOf(address) })}>
        <Button busy={task.busy} onClick={check}>
          {text.check}
        </Button>
      </Row>
      {task.error && (
        <li>
          <Problem error={task.error} />
        </li>
      )}
    </>
  );
}

export function HealthCard({ item, health }: { item: Item; health: ItemHealth | null }) {
  const text = laterTexts.value.itemHealth;
  if (!health) return null;
  const { findings } = health;
  const warnings = warningsOf(health);
  return (
    <section class="item-health" id={CARD} aria-labelledby="item-health-title">
      <h3 id="item-health-title" tabIndex={-1}>
        {laterTexts.value.health.title}
      </h3>
      <ul class="health-rows">
        {SHOWN.filter((k) => found(findings, k)).map((kind) => (
          <Warning key={kind} item={item} kind={kind} findings={findings} />
        ))}
        <BreachCheck item={item} health={health} />
        {findings.since && !findings.old && <Row state="calm" icon="clock" title={text.since({ date: dayOf(findings.since) })} />}
      </ul>
      {warnings.some(isOfPassword) && (
        <a class="button button-plain" href={formFor(item.id, "weak")}>
          {laterTexts.value.health.changePassword}
        </a>
      )}
    </section>
  );
}

/** Leads to the next item of the group that the user works through. */
export function NextFinding({ id }: { id: string }) {
  const { health, itemHealth: text } = laterTexts.value;
  const now = work.value;
  const items = all.value;
  const [next, setNext] = useState<string | null | undefined>(null); // null: not known yet
  useEffect(() => {
    if (!now) return;
    let current = true;
    nextAfter(id, now).then((at) => current && setNext(at), handled);
    return () => {
      current = false;
    };
  }, [id, now, items]);
  if (!now) return null;
  const title = items?.find((s) => s.id === next)?.title;
  return (
    <nav class="work-bar" aria-label={health.title}>
      <a class="button button-quiet" href={href("health")}>
        <Icon name="back" />
        <span>{health.title}</span>
      </a>
      {next && title !== undefined && (
        <a class="button button-plain" href={formFor(next, now.kind)} title={title}>
          <span dir="auto">{text.next({ title })}</span>
          <Icon name="forward" />
        </a>
      )}
      {next === undefined && <span class="muted">{text.noMore}</span>}
    </nav>
  );
}
