// What could not be taken, and what is kept elsewhere than where it was: in the preview and in the report.
import type { ImportProblem, RelocatedTo } from "../../core/protocol.gen";
import { texts } from "../../texts";
import { Icon } from "../../ui/icon";

const SHOWN = 100;

/** The reasons are the core's own words, in English. */
export function Problems({ problems }: { problems: ImportProblem[] }) {
  const text = texts.value.import;
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
            {!!p.row && <b>{text.row({ number: p.row })}</b>} {p.title} <span lang="en">{p.reason}</span>
          </li>
        ))}
      </ul>
      {problems.length > SHOWN && <p class="muted">{text.more({ count: problems.length - SHOWN })}</p>}
    </details>
  );
}

export function RelocatedList({ kept }: { kept: { name: string; as: RelocatedTo; count: number }[] }) {
  const text = texts.value.import;
  if (kept.length === 0) return null;
  return (
    <details class="details">
      <summary>
        <Icon name="chevron" />
        {text.relocated({ count: kept.length })}
      </summary>
      <ul class="problems">
        {kept.slice(0, SHOWN).map((k) => (
          <li key={k.as + k.name}>
            <b>{k.name}</b> {text.relocatedAs[k.as]({ count: k.count })}
          </li>
        ))}
      </ul>
      {kept.length > SHOWN && <p class="muted">{text.more({ count: kept.length - SHOWN })}</p>}
    </details>
  );
}
