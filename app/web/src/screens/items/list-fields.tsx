// The lists in the form of an item: websites and custom fields.

import { type Field, type FieldKind, MAX_NAME, type MatchRule } from "../../core/protocol.gen";
import { texts } from "../../texts";
import { Button, IconButton } from "../../ui/controls";
import { Check, PasswordField, Select, TextArea, TextField } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { hostOf } from "../../ui/url";
import { FIELD_KINDS, MATCH_RULES } from "./fields.gen";

const without = <T,>(list: T[], at: number) => list.filter((_, i) => i !== at);
const replaced = <T,>(list: T[], at: number, value: T) => list.map((old, i) => (i === at ? value : old));

interface Websites {
  urls: string[];
  match: Record<string, MatchRule>;
}

/** Changes the URL at a position. Its rule moves with it. */
export function renamed({ urls, match }: Websites, at: number, url: string): Websites {
  const { [urls[at]!]: rule, ...others } = match;
  return { urls: replaced(urls, at, url), match: rule && url ? { ...others, [url]: rule } : others };
}

export function ruled({ urls, match }: Websites, at: number, rule: MatchRule | ""): Websites {
  const { [urls[at]!]: _, ...others } = match;
  return { urls, match: rule ? { ...others, [urls[at]!]: rule } : others };
}

/** The rules to choose from. A rule from a newer version can be kept. */
function rulesFor(rule: string | undefined): { value: MatchRule | ""; label: string }[] {
  const { itemFields } = texts.value;
  const known = MATCH_RULES.map((r) => ({ value: r, label: itemFields.rules[r || "domain"] }));
  return rule?.startsWith("{") ? [{ value: rule as MatchRule, label: itemFields.newerRule }, ...known] : known;
}

/** The site's name from a URL: GitHub's is "github". "" if there is none. */
export function siteName(url: string): string {
  const host = hostOf(url).replace(/^www\.|:\d+$/g, "");
  const labels = host.split(".");
  if (labels.length < 2 || /^[\d.]+$|:/.test(host)) return host;
  const short = labels.length > 2 && labels.at(-1)!.length === 2 && labels.at(-2)!.length <= 3; // example.co.uk
  const name = labels.at(short ? -3 : -2)!;
  return name.charAt(0).toUpperCase() + name.slice(1);
}

export function Urls({
  urls,
  match,
  onChange,
  onLeave,
}: Websites & { onChange: (websites: Websites) => void; onLeave: (url: string) => void }) {
  const { itemForm: text, itemFields } = texts.value;
  const all = { urls, match };
  return (
    <div class="growing">
      {urls.map((url, i) => (
        <div key={i} class="website" role="presentation" onFocusOut={() => onLeave(url)}>
          <TextField
            label={text.url({ number: i + 1 })}
            value={url}
            type="text"
            inputMode="url"
            placeholder="https://"
            onInput={(v) => onChange(renamed(all, i, v))}
            trailing={
              urls.length > 1 && (
                <button
                  type="button"
                  class="input-button"
                  aria-label={text.removeUrl({ number: i + 1 })}
                  title={text.removeUrl({ number: i + 1 })}
                  onClick={() => onChange({ urls: without(urls, i), match: renamed(all, i, "").match })}
                >
                  <Icon name="close" />
                </button>
              )
            }
          />
          {url.trim() && (
            <Select
              label={itemFields.rule({ number: i + 1 })}
              hideLabel
              value={match[url] ?? ""}
              options={rulesFor(match[url])}
              onChange={(rule) => onChange(ruled(all, i, rule))}
            />
          )}
        </div>
      ))}
      <Button kind="quiet" icon="plus" onClick={() => onChange({ urls: [...urls, ""], match })}>
        {text.addUrl}
      </Button>
    </div>
  );
}

/** The value of a field after its kind changes. */
export const converted = (value: string, kind: FieldKind | "") =>
  kind === "boolean" ? String(/^(1|true|yes|on|x)$/i.test(value.trim())) : value;

function FieldValue({ field, n, onInput }: { field: Field; n: number; onInput: (value: string) => void }) {
  const { itemForm: text, itemFields } = texts.value;
  switch (field.kind) {
    case "hidden":
      return <PasswordField label={text.fieldValue({ number: n })} value={field.value} autocomplete="off" onInput={onInput} />;
    case "boolean":
      return (
        <div class="field">
          <Check
            label={itemFields.fieldYes({ name: field.name || text.fieldValue({ number: n }) })}
            checked={field.value === "true"}
            onChange={(on) => onInput(String(on))}
          />
        </div>
      );
    case "link":
      return (
        <TextField
          label={text.fieldValue({ number: n })}
          value={field.value}
          inputMode="url"
          placeholder="https://"
          onInput={onInput}
        />
      );
    default:
      return field.value.includes("\n") ? (
        <TextArea label={text.fieldValue({ number: n })} value={field.value} rows={3} onInput={onInput} />
      ) : (
        <TextField label={text.fieldValue({ number: n })} value={field.value} onInput={onInput} />
      );
  }
}

export function CustomFields({ fields, onChange }: { fields: Field[]; onChange: (fields: Field[]) => void }) {
  const { itemForm: text, itemFields } = texts.value;
  return (
    <fieldset class="growing">
      <legend>{text.fields}</legend>
      {fields.map((f, i) => {
        const set = (part: Partial<Field>) => onChange(replaced(fields, i, { ...f, ...part }));
        return (
          <div key={i} class="custom-field">
            <TextField
              label={text.fieldName({ number: i + 1 })}
              value={f.name}
              onInput={(name) => set({ name })}
              maxLength={MAX_NAME}
            />
            <Select
              label={itemFields.fieldKind({ number: i + 1 })}
              value={f.kind ?? ""}
              options={FIELD_KINDS.map((k) => ({ value: k, label: itemFields.fieldKinds[k || "text"] }))}
              onChange={(kind) => set({ kind: kind || undefined, value: converted(f.value, kind) })}
            />
            <div class="custom-field-value">
              <FieldValue field={f} n={i + 1} onInput={(value) => set({ value })} />
              <IconButton icon="trash" label={text.removeField({ number: i + 1 })} onClick={() => onChange(without(fields, i))} />
            </div>
          </div>
        );
      })}
      <Button kind="quiet" icon="plus" onClick={() => onChange([...fields, { name: "", value: "" }])}>
        {text.addField}
      </Button>
    </fieldset>
  );
}
