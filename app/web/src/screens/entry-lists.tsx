// The parts of the form that grow: addresses and custom fields.
import type { Field } from "../core/types";
import { m } from "../messages";
import { Button, IconButton } from "../ui/controls";
import { Check, PasswordField, TextField } from "../ui/field";

const without = <T,>(list: T[], at: number) => list.filter((_, i) => i !== at);
const replaced = <T,>(list: T[], at: number, value: T) => list.map((old, i) => (i === at ? value : old));

export function Urls({ urls, onChange }: { urls: string[]; onChange: (urls: string[]) => void }) {
  const text = m.value.entryForm;
  return (
    <div class="growing">
      {urls.map((url, i) => (
        <TextField key={i} label={text.url(i + 1)} value={url} type="text" inputMode="url" placeholder="https://"
          onInput={(v) => onChange(replaced(urls, i, v))}
          trailing={urls.length > 1 &&
            <IconButton icon="minus" label={text.removeUrl(i + 1)} onClick={() => onChange(without(urls, i))} />} />
      ))}
      <Button kind="quiet" icon="plus" onClick={() => onChange([...urls, ""])}>{text.addUrl}</Button>
    </div>
  );
}

export function CustomFields({ fields, onChange }: { fields: Field[]; onChange: (fields: Field[]) => void }) {
  const text = m.value.entryForm;
  return (
    <fieldset class="growing">
      <legend>{text.fields}</legend>
      {fields.map((f, i) => {
        const set = (part: Partial<Field>) => onChange(replaced(fields, i, { ...f, ...part }));
        return (
          <div key={i} class="custom">
            <TextField label={text.fieldName(i + 1)} value={f.name} onInput={(name) => set({ name })} maxLength={200} />
            {f.kind === "hidden"
              ? <PasswordField label={text.fieldValue(i + 1)} value={f.value} autocomplete="off" onInput={(value) => set({ value })} />
              : <TextField label={text.fieldValue(i + 1)} value={f.value} onInput={(value) => set({ value })} />}
            <Check label={text.fieldHidden(i + 1)} checked={f.kind === "hidden"} onChange={(hidden) => set({ kind: hidden ? "hidden" : undefined })} />
            <IconButton icon="trash" label={text.removeField(i + 1)} onClick={() => onChange(without(fields, i))} />
          </div>
        );
      })}
      <Button kind="quiet" icon="plus" onClick={() => onChange([...fields, { name: "", value: "" }])}>
        {text.addField}
      </Button>
    </fieldset>
  );
}
