// Password health. The core finds weak passwords; this page lists them with links to their items.

import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { asCoreError, type CoreError } from "../../core/error";
import type { HealthReport, Ignored, Kind, Progress, Summary } from "../../core/protocol.gen";
import { handled } from "../../state/app-errors";
import { ignore, quietly, unignore } from "../../state/edits";
import { href } from "../../state/route";
import { all, archived } from "../../state/vault";
import { laterTexts, texts } from "../../texts";
import { dayOf } from "../../texts/dates";
import { Button, Empty, Heading } from "../../ui/controls";
import { Icon, type IconName } from "../../ui/icon";
import { Meter } from "../../ui/meter";
import { Problem } from "../../ui/task";
import { Tile } from "../items/tile";
import { Breaches, type BreachService, useBreachService } from "./breaches";
import { isOpen, setOpen, useScrollPosition } from "./position";
import { formFor, isOfPassword, work } from "./worklist";

const SHOWN = 50; // items per finding before "show all"

interface Finding {
  id: string;
  note?: string;
}

/** The group that a list of items belongs to. `ids` has the whole group, in its order. */
interface Group {
  kind: Kind;
  ids: string[];
}

function FoundItem({ item, note, group }: { item: Summary; note?: string; group: Group }) {
  const text = laterTexts.value.health;
  const change = isOfPassword(group.kind) ? text.changePassword : texts.value.itemView.edit;
  const begin = () => {
    work.value = group;
  };
  return (
    <li class="found-item">
      <a class="finding-item" href={href("item", item.id)} onClick={begin}>
        <Tile type={item.type} title={item.title} />
        <span class="row-text">
          <span class="row-title" dir="auto">
            {item.title}
          </span>
          <span class="row-sub" dir="auto">
            {[item.username, note].filter(Boolean).join(" · ")}
          </span>
        </span>
      </a>
      <span class="found-actions">
        <a
          class="button button-plain"
          href={formFor(item.id, group.kind)}
          aria-label={`${change}: ${item.title}`}
          onClick={begin}
        >
          {change}
        </a>
        {group.kind !== "reused" && <Ignore kind={group.kind} ids={[item.id]} of={item.title} />}
      </span>
    </li>
  );
}

function Ignore({ kind, ids, of }: Group & { of: string }) {
  const label = laterTexts.value.health.ignore;
  return (
    <Button kind="quiet" label={`${label}: ${of}`} onClick={() => quietly(ignore(kind)(ids))}>
      {label}
    </Button>
  );
}

function Items({ name, group, findings, byId }: { name: string; group: Group; findings: Finding[]; byId: Map<string, Summary> }) {
  const text = laterTexts.value.health;
  const whole = isOpen(`${name} whole`);
  const known = findings.filter((f) => byId.has(f.id));
  const shown = whole ? known : known.slice(0, SHOWN);
  return (
    <>
      <ul class="finding-items">
        {shown.map((f) => (
          <FoundItem key={f.id} item={byId.get(f.id)!} note={f.note} group={group} />
        ))}
      </ul>
      {known.length > shown.length && (
        <Button kind="quiet" onClick={() => setOpen(`${name} whole`, true)}>
          {text.showAll({ count: known.length })}
        </Button>
      )}
    </>
  );
}

/** The findings that the user ignores, each with a button that reports it again. */
function IgnoredItems({ ignored, byId }: { ignored: Ignored[]; byId: Map<string, Summary> }) {
  const { health: text, itemHealth } = laterTexts.value;
  return (
    <ul class="finding-items">
      {ignored
        .filter((f) => byId.has(f.id))
        .map(({ id, kind }) => {
          const { type, title } = byId.get(id)!;
          const finding = itemHealth.titles[kind];
          return (
            <li key={`${id} ${kind}`} class="found-item">
              <a class="finding-item" href={href("item", id)}>
                <Tile type={type} title={title} />
                <span class="row-text">
                  <span class="row-title" dir="auto">
                    {title}
                  </span>
                  <span class="row-sub">{finding}</span>
                </span>
              </a>
              <Button kind="quiet" label={`${text.unignore}: ${finding}, ${title}`} onClick={() => quietly(unignore(kind)([id]))}>
                {text.unignore}
              </Button>
            </li>
          );
        })}
    </ul>
  );
}

interface SectionProps {
  name: Kind | "ignored";
  icon: IconName;
  title: string;
  hint?: string;
  n: number;
  unknown?: string; // what was not checked yet
  children: ComponentChildren;
  foot?: ComponentChildren;
}

function stateOf(name: SectionProps["name"], n: number) {
  if (name === "ignored") return "unknown";
  return n > 0 ? "found" : undefined;
}

/** A kind of finding. It opens only if there are any. */
function Section({ name, icon, title, hint, n, unknown, children, foot }: SectionProps) {
  const text = laterTexts.value.health;
  const calm = unknown ? ("unknown" as const) : ("check" as const);
  const head = (
    <>
      <span class="finding-icon">
        <Icon name={n > 0 ? icon : calm} />
      </span>
      <span class="finding-title">
        <b>{title}</b>
        {n > 0 && hint && <span>{hint}</span>}
        {unknown ? <span>{unknown}</span> : n === 0 && <span>{text.none}</span>}
      </span>
      {(n > 0 || !unknown) && <span class="finding-count">{n}</span>}
    </>
  );
  return (
    <div class="finding-group" data-state={stateOf(name, n) ?? calm}>
      {n === 0 ? (
        <div class="finding-summary">{head}</div>
      ) : (
        <details class="details" open={isOpen(name)} onToggle={(e) => setOpen(name, e.currentTarget.open)}>
          <summary class="finding-summary">
            {head}
            <Icon name="chevron" />
          </summary>
          {isOpen(name) && children}
        </details>
      )}
      {foot}
    </div>
  );
}

function Findings({
  report,
  byId,
  service,
  onChecked,
}: {
  report: HealthReport;
  byId: Map<string, Summary>;
  service: BreachService;
  onChecked: () => void;
}) {
  const text = laterTexts.value.health;
  const items = (kind: Kind, findings: Finding[]) => (
    <Items name={kind} group={{ kind, ids: findings.map((f) => f.id) }} findings={findings} byId={byId} />
  );
  const plain = (ids: string[]) => ids.map((id) => ({ id }));
  const reused = { kind: "reused" as const, ids: report.reused.flat() };
  return (
    <div class="findings">
      {service.address !== "" && (
        <Section
          name="breached"
          icon="danger"
          title={text.breached}
          hint={text.breachedHint}
          n={report.breached.length}
          unknown={uncheckedText(report, text.notChecked, text.partlyChecked)}
          foot={<Breaches service={service} unchecked={report.unchecked} onChecked={onChecked} />}
        >
          {items(
            "breached",
            report.breached.map((b) => ({ id: b.id, note: text.seen({ count: b.times }) })),
          )}
        </Section>
      )}
      <Section name="weak" icon="danger" title={text.weak} hint={text.weakHint} n={report.weak.length}>
        {items("weak", plain(report.weak))}
      </Section>
      <Section name="reused" icon="copy" title={text.reused} hint={text.reusedHint} n={reused.ids.length}>
        {report.reused.slice(0, SHOWN).map((ids) => (
          <div key={ids[0]} class="finding-same">
            <div class="finding-head">
              <p>{text.samePassword({ count: ids.length })}</p>
              <Ignore kind="reused" ids={ids} of={byId.get(ids[0]!)?.title ?? ""} />
            </div>
            <Items name={`reused ${ids[0]}`} group={reused} findings={plain(ids)} byId={byId} />
          </div>
        ))}
      </Section>
      <Section name="old" icon="clock" title={text.old} hint={text.oldHint} n={report.old.length}>
        {items(
          "old",
          report.old.map((o) => ({ id: o.id, note: text.since({ date: dayOf(o.since) }) })),
        )}
      </Section>
      <Section name="insecure" icon="open" title={text.insecure} hint={text.insecureHint} n={report.insecure.length}>
        {items(
          "insecure",
          report.insecure.map((i) => ({ id: i.id, note: i.url })),
        )}
      </Section>
      <Section
        name="second_factor"
        icon="shield"
        title={text.secondFactor}
        hint={text.secondFactorHint}
        n={report.second_factor.length}
      >
        {items("second_factor", plain(report.second_factor))}
      </Section>
      {report.ignored.length > 0 && (
        <Section name="ignored" icon="eyeOff" title={text.ignoredFindings} n={report.ignored.length}>
          <IgnoredItems ignored={report.ignored} byId={byId} />
        </Section>
      )}
    </div>
  );
}

/** What to say while passwords are unchecked, or undefined. */
export function uncheckedText(
  { unchecked, logins }: Pick<HealthReport, "unchecked" | "logins">,
  none: string,
  some: (counts: { checked: number; all: number }) => string,
) {
  if (unchecked === 0) return undefined;
  return unchecked === logins ? none : some({ checked: logins - unchecked, all: logins });
}

export function grade(score: number) {
  if (score >= 90) return "good";
  return score >= 60 ? "fair" : "poor";
}

function Score({ report }: { report: HealthReport }) {
  const text = laterTexts.value.health;
  const caveat = uncheckedText(report, text.caveat, text.caveatPartly);
  const round = 2 * Math.PI * 42;
  return (
    <div class="score card" data-grade={grade(report.score)}>
      <div class="score-ring">
        <svg viewBox="0 0 96 96" aria-hidden="true">
          <circle class="ring-all" cx="48" cy="48" r="42" />
          <circle class="ring-left" cx="48" cy="48" r="42" stroke-dasharray={`${(round * report.score) / 100} ${round}`} />
        </svg>
        <b aria-hidden="true">{report.score}</b>
        <span class="visually-hidden">{text.score({ score: report.score })}</span>
      </div>
      <div>
        <h2>{text.grades[grade(report.score)]}</h2>
        <p>{text.sound({ sound: report.sound, all: report.logins })}</p>
        {report.ignored.length > 0 && <p>{text.ignoredCount({ count: report.ignored.length })}</p>}
        {caveat && <p>{caveat}</p>}
      </div>
    </div>
  );
}

export function HealthPage() {
  const { common } = texts.value;
  const { health: text } = laterTexts.value;
  const [report, setReport] = useState<HealthReport | null>(null);
  const [progress, setProgress] = useState<Progress | null>(null);
  const [problem, setProblem] = useState<CoreError | null>(null);
  const [attempt, setAttempt] = useState(0);
  const items = all.value;
  const stored = archived.value; // an archived password is still in use somewhere
  const byId = useMemo(() => new Map([...(items ?? []), ...stored].map((s) => [s.id, s])), [items, stored]);
  const again = () => setAttempt((t) => t + 1);
  const service = useBreachService();
  const ready = report !== null && items !== null && !service.looking;
  useScrollPosition(ready);

  useEffect(() => {
    if (items === null) return;
    let current = true;
    api
      .health((p) => current && setProgress(p))
      .then(
        (found) => {
          if (!current) return;
          setReport(found);
          setProblem(null);
        },
        (e: unknown) => current && !handled(e) && setProblem(asCoreError(e)),
      )
      .finally(() => current && setProgress(null));
    return () => {
      current = false;
    };
  }, [items, stored, attempt]);

  return (
    <div class="column">
      <Heading title={text.title}>{text.title}</Heading>
      <p class="lead">{service.address ? text.leadBreaches : text.lead}</p>
      {problem && (
        <>
          <Problem error={problem} />
          <Button icon="refresh" onClick={again}>
            {common.tryAgain}
          </Button>
        </>
      )}
      {!ready && !problem && <Meter label={text.looking} progress={progress} />}
      {report?.logins === 0 && (
        <Empty icon="shield" title={text.empty}>
          <p>{text.emptyHint}</p>
        </Empty>
      )}
      {ready && report.logins > 0 && (
        <>
          <Score report={report} />
          <Findings report={report} byId={byId} service={service} onChecked={again} />
          {service.address === "" && <p class="muted">{text.breachesOff}</p>}
        </>
      )}
    </div>
  );
}
