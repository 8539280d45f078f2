// Password health. The core finds weak passwords; this page lists them with links to their items.

import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { asCoreError, type CoreError } from "../../core/error";
import type { HealthReport, Progress, Summary } from "../../core/protocol.gen";
import { handled } from "../../state/app-errors";
import { href } from "../../state/route";
import { all, archived } from "../../state/vault";
import { texts } from "../../texts";
import { dayOf } from "../../texts/dates";
import { Button, Empty, Heading } from "../../ui/controls";
import { Icon, type IconName } from "../../ui/icon";
import { Meter } from "../../ui/meter";
import { Problem } from "../../ui/task";
import { Tile } from "../items/tile";
import { Breaches, type BreachService, useBreachService } from "./breaches";
import { isOpen, setOpen, useScrollPosition } from "./position";

const SHOWN = 50; // items per finding before "show all"

interface Finding {
  id: string;
  note?: string;
}

function ItemLink({ item, note }: { item: Summary; note?: string }) {
  return (
    <li>
      <a class="finding-item" href={href("item", item.id)}>
        <Tile type={item.type} title={item.title} />
        <span class="row-text">
          <span class="row-title" dir="auto">
            {item.title}
          </span>
          <span class="row-sub" dir="auto">
            {[item.username, note].filter(Boolean).join(" · ")}
          </span>
        </span>
        <Icon name="forward" />
      </a>
    </li>
  );
}

function Items({ group, findings, byId }: { group: string; findings: Finding[]; byId: Map<string, Summary> }) {
  const text = texts.value.health;
  const whole = isOpen(`${group} whole`);
  const known = findings.filter((f) => byId.has(f.id));
  const shown = whole ? known : known.slice(0, SHOWN);
  return (
    <>
      <ul class="finding-items">
        {shown.map((f) => (
          <ItemLink key={f.id} item={byId.get(f.id)!} note={f.note} />
        ))}
      </ul>
      {known.length > shown.length && (
        <Button kind="quiet" onClick={() => setOpen(`${group} whole`, true)}>
          {text.showAll({ count: known.length })}
        </Button>
      )}
    </>
  );
}

interface SectionProps {
  name: "breached" | "weak" | "reused" | "old" | "insecure" | "secondFactor";
  icon: IconName;
  title: string;
  hint: string;
  n: number;
  unknown?: string; // what was not checked yet
  children: ComponentChildren;
  foot?: ComponentChildren;
}

/** A kind of finding. It opens only if there are any. */
function Section({ name, icon, title, hint, n, unknown, children, foot }: SectionProps) {
  const text = texts.value.health;
  const calm = unknown ? ("unknown" as const) : ("check" as const);
  const head = (
    <>
      <span class="finding-icon">
        <Icon name={n > 0 ? icon : calm} />
      </span>
      <span class="finding-title">
        <b>{title}</b>
        {n > 0 && <span>{hint}</span>}
        {unknown ? <span>{unknown}</span> : n === 0 && <span>{text.none}</span>}
      </span>
      {(n > 0 || !unknown) && <span class="finding-count">{n}</span>}
    </>
  );
  return (
    <div class="finding-group" data-state={n > 0 ? "found" : calm}>
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
  const text = texts.value.health;
  const plain = (ids: string[]) => ids.map((id) => ({ id }));
  const items = (group: string, findings: Finding[]) => <Items group={group} findings={findings} byId={byId} />;
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
      <Section
        name="reused"
        icon="copy"
        title={text.reused}
        hint={text.reusedHint}
        n={report.reused.reduce((n, ids) => n + ids.length, 0)}
      >
        {report.reused.slice(0, SHOWN).map((ids) => (
          <div key={ids[0]} class="finding-same">
            <p class="finding-head">{text.samePassword({ count: ids.length })}</p>
            {items(`reused ${ids[0]}`, plain(ids))}
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
        name="secondFactor"
        icon="shield"
        title={text.secondFactor}
        hint={text.secondFactorHint}
        n={report.second_factor.length}
      >
        {items("secondFactor", plain(report.second_factor))}
      </Section>
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
  const text = texts.value.health;
  const caveat = uncheckedText(report, text.caveat, text.caveatPartly);
  const round = 2 * Math.PI * 42;
  return (
    <div class="score card" data-grade={grade(report.score)}>
      <div class="score-ring">
        <svg viewBox="0 0 96 96" aria-hidden="true">
          <circle class="ring-all" cx="48" cy="48" r="42" />
          <circle class="ring-left" cx="48" cy="48" r="42" stroke-dasharray={`${(round * report.score) / 100} ${round}`} />
        </svg>
        <b>{report.score}</b>
      </div>
      <div>
        <h2>{text.grades[grade(report.score)]}</h2>
        <p>{text.sound({ sound: report.sound, all: report.logins })}</p>
        {caveat && <p>{caveat}</p>}
      </div>
    </div>
  );
}

export function HealthPage() {
  const { common, health: text } = texts.value;
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
