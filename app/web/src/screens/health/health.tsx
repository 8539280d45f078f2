// Password health. The core finds weak passwords; this page lists them with links to their items.

import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { asCoreError, type CoreError } from "../../core/error";
import type { HealthReport, Progress, Summary } from "../../core/protocol.gen";
import { handled } from "../../state/app-errors";
import { href } from "../../state/route";
import { all } from "../../state/vault";
import { texts } from "../../texts";
import { dayOf } from "../../texts/dates";
import { Button, Empty, Heading } from "../../ui/controls";
import { Icon, type IconName } from "../../ui/icon";
import { Meter } from "../../ui/meter";
import { Problem } from "../../ui/task";
import { Tile } from "../items/tile";
import { Breaches } from "./breaches";

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

function Items({ findings, byId }: { findings: Finding[]; byId: Map<string, Summary> }) {
  const text = texts.value.health;
  const [whole, setWhole] = useState(false);
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
        <Button kind="quiet" onClick={() => setWhole(true)}>
          {text.showAll({ count: known.length })}
        </Button>
      )}
    </>
  );
}

function Section({
  icon,
  title,
  hint,
  n,
  children,
}: {
  icon: IconName;
  title: string;
  hint: string;
  n: number;
  children: ComponentChildren;
}) {
  const text = texts.value.health;
  const [open, setOpen] = useState(false);
  return (
    <details class="details finding-group" data-fine={n === 0} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>
        <span class="finding-icon">
          <Icon name={n === 0 ? "check" : icon} />
        </span>
        <span class="finding-title">
          <b>{title}</b>
          <span>{n === 0 ? text.none : hint}</span>
        </span>
        <span class="finding-count">{n}</span>
        <Icon name="chevron" />
      </summary>
      {open && n > 0 && children}
    </details>
  );
}

function Findings({ report, byId }: { report: HealthReport; byId: Map<string, Summary> }) {
  const text = texts.value.health;
  const plain = (ids: string[]) => ids.map((id) => ({ id }));
  const items = (findings: Finding[]) => <Items findings={findings} byId={byId} />;
  return (
    <div class="findings">
      <Section icon="danger" title={text.breached} hint={text.breachedHint} n={report.breached.length}>
        {items(report.breached.map((b) => ({ id: b.id, note: text.seen({ count: b.times }) })))}
      </Section>
      <Section icon="danger" title={text.weak} hint={text.weakHint} n={report.weak.length}>
        {items(plain(report.weak))}
      </Section>
      <Section icon="copy" title={text.reused} hint={text.reusedHint} n={report.reused.reduce((n, ids) => n + ids.length, 0)}>
        {report.reused.slice(0, SHOWN).map((ids) => (
          <div key={ids[0]} class="finding-same">
            <p class="finding-head">{text.samePassword({ count: ids.length })}</p>
            {items(plain(ids))}
          </div>
        ))}
      </Section>
      <Section icon="clock" title={text.old} hint={text.oldHint} n={report.old.length}>
        {items(report.old.map((o) => ({ id: o.id, note: text.since({ date: dayOf(o.since) }) })))}
      </Section>
      <Section icon="open" title={text.insecure} hint={text.insecureHint} n={report.insecure.length}>
        {items(report.insecure.map((i) => ({ id: i.id, note: i.url })))}
      </Section>
      <Section icon="shield" title={text.secondFactor} hint={text.secondFactorHint} n={report.second_factor.length}>
        {items(plain(report.second_factor))}
      </Section>
    </div>
  );
}

export function grade(score: number) {
  if (score >= 90) return "good";
  return score >= 60 ? "fair" : "poor";
}

function Score({ report }: { report: HealthReport }) {
  const text = texts.value.health;
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
  const byId = useMemo(() => new Map((items ?? []).map((s) => [s.id, s])), [items]);
  const again = () => setAttempt((t) => t + 1);

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
  }, [items, attempt]);

  return (
    <div class="column">
      <Heading title={text.title}>{text.title}</Heading>
      <p class="lead">{text.lead}</p>
      {problem && (
        <>
          <Problem error={problem} />
          <Button icon="refresh" onClick={again}>
            {common.tryAgain}
          </Button>
        </>
      )}
      {!report && !problem && <Meter label={text.looking} progress={progress} />}
      {report?.logins === 0 && (
        <Empty icon="shield" title={text.empty}>
          <p>{text.emptyHint}</p>
        </Empty>
      )}
      {report && report.logins > 0 && (
        <>
          <Score report={report} />
          <Findings report={report} byId={byId} />
          <Breaches unchecked={report.unchecked} onChecked={again} />
        </>
      )}
    </div>
  );
}
