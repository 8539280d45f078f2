// The problems and the relocated values of an import, in the preview and in the report.
import type { ImportProblem, RelocatedTo } from "../../core/protocol.gen";
import { texts } from "../../texts";
import { Icon } from "../../ui/icon";

const SHOWN = 100;

/** The reasons come from the core, in English. */
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

export function RelocatedList({ values }: { values: { name: string; as: RelocatedTo; count: number }[] }) {
  const text = texts.value.import;
  if (values.length === 0) return null;
  return (
    <details class="details">
      <summary>
        <Icon name="chevron" />
        {text.relocated({ count: values.length })}
      </summary>
      <ul class="problems">
        {values.slice(0, SHOWN).map((v) => (
          <li key={v.as + v.name}>
            <b>{v.name}</b> {text.relocatedAs[v.as]({ count: v.count })}
          </li>
        ))}
      </ul>
      {values.length > SHOWN && <p class="muted">{text.more({ count: values.length - SHOWN })}</p>}
    </details>
  );
}
