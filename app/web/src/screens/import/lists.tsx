// What could not be taken, and what is kept elsewhere than where it was: in the preview and in the report.
import type { ImportProblem, RelocatedTo } from "../../core/protocol.gen";
import { m } from "../../messages";
import { Icon } from "../../ui/icon";

const SHOWN = 100;

/** The reasons are the core's own words, in English. */
export function Problems({ problems }: { problems: ImportProblem[] }) {
  const text = m.value.import;
  if (problems.length === 0) return null;
  return (
    <details class="details" open>
      <summary>
        <Icon name="danger" />
        {text.problems(problems.length)}
      </summary>
      <ul class="problems">
        {problems.slice(0, SHOWN).map((p, i) => (
          <li key={i}>
            {!!p.row && <b>{text.row(p.row)}</b>} {p.title} <span lang="en">{p.reason}</span>
          </li>
        ))}
      </ul>
      {problems.length > SHOWN && <p class="muted">{text.more(problems.length - SHOWN)}</p>}
    </details>
  );
}

export function KeptList({ kept }: { kept: { name: string; as: RelocatedTo; count: number }[] }) {
  const text = m.value.import;
  if (kept.length === 0) return null;
  return (
    <details class="details">
      <summary>
        <Icon name="chevron" />
        {text.kept(kept.length)}
      </summary>
      <ul class="problems">
        {kept.slice(0, SHOWN).map((k) => (
          <li key={k.as + k.name}>
            <b>{k.name}</b> {text.keptAs[k.as](k.count)}
          </li>
        ))}
      </ul>
      {kept.length > SHOWN && <p class="muted">{text.more(kept.length - SHOWN)}</p>}
    </details>
  );
}
