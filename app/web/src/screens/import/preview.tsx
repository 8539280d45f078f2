// The content of the file and what importing it would change, before anything is written.
import { useState } from "preact/hooks";
import type { ImportChoice, ImportPreview, ImportStatus, ItemType } from "../../core/protocol.gen";
import { href } from "../../state/route";
import { laterTexts, texts } from "../../texts";
import { Button } from "../../ui/controls";
import { Select } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { TYPES } from "../items/fields.gen";
import { kindOf } from "../items/item-type";
import { Tile } from "../items/tile";
import { Problems, RelocatedList } from "./findings";

const COMMON: Required<ImportChoice> = { identical: "skip", changed: "add", repeated: "skip" };

/** The number of items that the choice imports. */
export const wanted = (preview: ImportPreview, choice: Required<ImportChoice>) =>
  (preview.statuses.new ?? 0) +
  (["identical", "changed", "repeated"] as const).reduce(
    (n, s) => n + (choice[s] === "skip" ? 0 : (preview.statuses[s] ?? 0)),
    0,
  );

/** Why there is nothing to import. */
export function reasonForNone(preview: ImportPreview) {
  if (preview.total === 0) return "emptyFile";
  return preview.statuses.changed || preview.statuses.new ? "allSkipped" : "allThere";
}

function Counts({ preview }: { preview: ImportPreview }) {
  return (
    <ul class="counts">
      {TYPES.filter((t) => preview.types[t]).map((t: ItemType) => (
        <li key={t}>
          <Icon name={kindOf(t).icon} />
          {kindOf(t).many} <b>{preview.types[t]}</b>
        </li>
      ))}
    </ul>
  );
}

export function Preview({
  preview,
  format,
  onRun,
  onCancel,
  onColumns,
}: {
  preview: ImportPreview;
  format: string;
  onRun: (choice: ImportChoice, total: number) => void;
  onCancel: () => void;
  onColumns?: () => void;
}) {
  const { common } = texts.value;
  const { import: text } = laterTexts.value;
  const [choice, setChoice] = useState(COMMON);
  const total = wanted(preview, choice);
  const there = (["identical", "changed", "repeated"] as const).filter((s) => preview.statuses[s]);
  const modes = (s: ImportStatus) => (s === "changed" ? (["add", "update", "skip"] as const) : (["skip", "add"] as const));
  return (
    <div class="stack">
      <div class="card stack">
        <h2>{text.inFile({ items: common.items({ count: preview.total }), format })}</h2>
        <Counts preview={preview} />
        {preview.trashed > 0 && <p class="muted">{text.trashed({ count: preview.trashed })}</p>}
        {preview.files > 0 && <p class="muted">{text.files({ count: preview.files })}</p>}
        {onColumns && (
          <Button kind="quiet" icon="edit" onClick={onColumns}>
            {text.otherColumns}
          </Button>
        )}
      </div>
      {there.length > 0 && (
        <div class="card stack">
          <h2>{text.thereAlready}</h2>
          {there.map((s) => (
            <Select
              key={s}
              label={text.statuses[s]({ count: preview.statuses[s]! })}
              value={choice[s]}
              options={modes(s).map((mode) => ({ value: mode, label: text.modes[mode] }))}
              onChange={(mode) => setChoice({ ...choice, [s]: mode })}
            />
          ))}
        </div>
      )}
      <Problems problems={preview.problems} />
      <RelocatedList relocated={preview.relocated} />
      <details class="details">
        <summary>
          <Icon name="chevron" />
          {text.sample}
        </summary>
        <ul class="finding-items">
          {preview.items.map((line) => (
            <li key={line.row} class="finding-item">
              <Tile type={line.type} title={line.title} />
              <span class="row-text">
                <span class="row-title" dir="auto">
                  {line.title}
                </span>
                <span class="row-sub" dir="auto">
                  {line.username || line.url || kindOf(line.type).one}
                </span>
              </span>
            </li>
          ))}
        </ul>
      </details>
      {total === 0 && <p role="status">{text[reasonForNone(preview)]}</p>}
      <div class="buttons">
        <Button kind="primary" icon="import" disabled={total === 0} onClick={() => onRun(choice, total)}>
          {text.run({ count: total })}
        </Button>
        {total === 0 && (
          <a class="button button-plain" href={href("vault")}>
            {text.toVault}
          </a>
        )}
        <Button kind="quiet" onClick={onCancel}>
          {common.cancel}
        </Button>
      </div>
    </div>
  );
}
