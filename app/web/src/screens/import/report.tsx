// The result of an import.

import { CoreError } from "../../core/error";
import type { ImportReport, RelocatedTo } from "../../core/protocol.gen";
import { href } from "../../state/route";
import { laterTexts } from "../../texts";
import { today } from "../../texts/dates";
import { Button } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import { saveFile } from "../../ui/save-file";
import { Problem } from "../../ui/task";
import { Problems, RelocatedList } from "./findings";

export function counted(relocated: ImportReport["relocated"]) {
  const out = new Map<string, { name: string; as: RelocatedTo; count: number }>();
  for (const { name, as } of relocated) {
    const key = `${as} ${name}`;
    out.set(key, { name, as, count: (out.get(key)?.count ?? 0) + 1 });
  }
  return [...out.values()].sort((a, b) => b.count - a.count);
}

export function Report({ report, onAgain }: { report: ImportReport; onAgain: () => void }) {
  const text = laterTexts.value.import;
  const { stopped } = report;
  const rest = report.entries.filter((e) => e.outcome === "not_reached").length;
  const outcome = [
    report.added && text.added({ count: report.added }),
    report.updated && text.updated({ count: report.updated }),
    report.skipped && text.skipped({ count: report.skipped }),
    report.files && text.filesStored({ count: report.files }),
    rest && text.notReached({ count: rest }),
  ].filter(Boolean);
  return (
    <div class="stack">
      <div class="card stack" role="status">
        <h2>{stopped ? text.stopped : text.done}</h2>
        {stopped && stopped.code !== "cancelled" && <Problem error={new CoreError(stopped.code, stopped)} />}
        <ul class="counts">
          {outcome.map((line) => (
            <li key={line}>
              <Icon name="check" />
              {line}
            </li>
          ))}
        </ul>
        {stopped && <p>{text.stoppedHint}</p>}
      </div>
      <Problems problems={report.problems} />
      <RelocatedList relocated={counted(report.relocated)} />
      {!stopped && <p class="muted">{text.deleteFile}</p>}
      <div class="buttons">
        <a class="button button-primary" href={href("vault")}>
          {text.toVault}
        </a>
        <Button
          icon="download"
          onClick={() =>
            saveFile(`vaultsphere-import-${today()}.json`, JSON.stringify(report, null, 2), "application/octet-stream")
          }
        >
          {text.saveReport}
        </Button>
        <Button kind="quiet" onClick={onAgain}>
          {text.another}
        </Button>
      </div>
    </div>
  );
}
