// The problems and the relocated values of an import, in the preview and in the report.
import type { ImportProblem, ProblemCode, RelocatedTo } from "../../core/protocol.gen";
import { laterTexts } from "../../texts";
import { type Sentence, sentence } from "../../texts/sentence";
import { Icon } from "../../ui/icon";
import { explain } from "../../ui/task";

const SHOWN = 100;

/** The reason in the language of the page. An unknown code, from a newer version, is shown as it is. */
function reason({ code, values, cause, finding }: ImportProblem): string {
  const reasons: Record<ProblemCode, Sentence> = laterTexts.value.import.reasons;
  const why = Object.hasOwn(reasons, code) ? sentence(reasons[code], values) : code;
  return cause ? `${why} ${explain({ code: cause, findings: finding ? [finding] : [] })}` : why;
}

export function Problems({ problems }: { problems: ImportProblem[] }) {
  const text = laterTexts.value.import;
  if (problems.length === 0) return null;
  return (
    <details class="details" open>
      <summary>
        <Icon name="danger" />
        {text.problems({ count: problems.length })}
      </summary>
      <ul class="problems">
        {problems.slice(0, SHOWN).map((p, i) => (
          <li key={i}>
            {!!p.row && <b>{text.row({ number: p.row })}</b>} {p.title} <span>{reason(p)}</span>
          </li>
        ))}
      </ul>
      {problems.length > SHOWN && <p class="muted">{text.more({ count: problems.length - SHOWN })}</p>}
    </details>
  );
}

export function RelocatedList({ relocated }: { relocated: { name: string; as: RelocatedTo; count: number }[] }) {
  const text = laterTexts.value.import;
  if (relocated.length === 0) return null;
  return (
    <details class="details">
      <summary>
        <Icon name="chevron" />
        {text.relocated({ count: relocated.length })}
      </summary>
      <ul class="problems">
        {relocated.slice(0, SHOWN).map((r) => (
          <li key={r.as + r.name}>
            <b>{r.name}</b> {text.relocatedAs[r.as]({ count: r.count })}
          </li>
        ))}
      </ul>
      {relocated.length > SHOWN && <p class="muted">{text.more({ count: relocated.length - SHOWN })}</p>}
    </details>
  );
}
