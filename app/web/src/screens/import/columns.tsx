// Asks what the columns of an unknown table mean.
import { useState } from "preact/hooks";
import type { Column, TablePreview } from "../../core/protocol.gen";
import { laterTexts, texts } from "../../texts";
import { Button } from "../../ui/controls";
import { Check, Select } from "../../ui/field";

const COLUMNS: Column[] = [
  "title",
  "url",
  "username",
  "password",
  "totp",
  "notes",
  "tag",
  "favourite",
  "type",
  "created",
  "modified",
  "",
  "hidden",
  "skip",
];

/** The start of a value, enough to recognize the column. Values may be passwords, so no more is shown. */
export const hinted = (value: string) => (value.length > 12 ? `${value.slice(0, 10)}…` : value);

export function Columns({
  table,
  onColumns,
  onCancel,
}: {
  table: TablePreview;
  onColumns: (columns: Column[], headerless: boolean) => void;
  onCancel: () => void;
}) {
  const { common } = texts.value;
  const { import: text } = laterTexts.value;
  const [columns, setColumns] = useState(table.guess);
  const [headerless, setHeaderless] = useState(table.headerless);
  const names = (c: Column) => text.columns[c || "field"];
  return (
    <form
      class="stack"
      onSubmit={(e) => {
        e.preventDefault();
        onColumns(columns, headerless);
      }}
    >
      <p class="lead">{text.columnsLead}</p>
      <Check label={text.headerless} checked={headerless} onChange={setHeaderless} />
      <div class="card columns">
        {table.header.map((name, i) => (
          <div key={i} class="column-choice">
            <Select
              label={(headerless ? "" : name) || text.column({ number: i + 1 })}
              value={columns[i] ?? ""}
              options={COLUMNS.map((c) => ({ value: c, label: names(c) }))}
              onChange={(c) => setColumns(columns.map((old, at) => (at === i ? c : old)))}
            />
            <p class="muted">
              {[...(headerless ? [table.header] : []), ...(table.rows ?? [])]
                .map((row) => hinted(row[i] ?? ""))
                .filter(Boolean)
                .slice(0, 2)
                .join(", ")}
            </p>
          </div>
        ))}
      </div>
      <div class="buttons">
        <Button type="submit" kind="primary">
          {text.next}
        </Button>
        <Button kind="quiet" onClick={onCancel}>
          {common.cancel}
        </Button>
      </div>
    </form>
  );
}
