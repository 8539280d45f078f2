// The fields of the form for the part that only one type of item has, such as a card.

import { useState } from "preact/hooks";
import type { Card, Item, SSHKey } from "../../core/protocol.gen";
import { texts } from "../../texts";
import { PasswordField, TextArea, TextField } from "../../ui/field";
import { CARD_EXPIRY, CARD_FIELDS, type FormField, PLAIN_PARTS, type PlainPart, SSH_FIELDS } from "./fields.gen";
import { isDay } from "./part-text";

type Change = (part: Partial<Item>) => void;

export function PartForm({ item, onChange }: { item: Item; onChange: Change }) {
  switch (item.type) {
    case "card":
      return <CardFields card={item.card ?? {}} onChange={(card) => onChange({ card })} />;
    case "ssh_key":
      return <SSHFields sshKey={item.ssh_key ?? {}} onChange={(ssh_key) => onChange({ ssh_key })} />;
    default:
      return item.type in PLAIN_PARTS ? <PlainFields part={item.type as PlainPart} item={item} onChange={onChange} /> : null;
  }
}

function CardFields({ card, onChange }: { card: Card; onChange: (card: Card) => void }) {
  const labels = texts.value.card;
  return (
    <>
      {CARD_FIELDS.map((f) => (
        <PlainField
          key={f.key}
          field={f}
          label={labels[f.key]}
          value={card[f.key] ?? ""}
          onInput={(v) => onChange({ ...card, [f.key]: v })}
        />
      ))}
      <div class="field-pair">
        {CARD_EXPIRY.map((f) => (
          <TextField
            key={f.key}
            label={labels[f.key]}
            value={card[f.key] ?? ""}
            inputMode="numeric"
            maxLength={f.key === "expiry_year" ? 4 : 2}
            onInput={(v) => onChange({ ...card, [f.key]: v.replace(/\D/g, "") })}
          />
        ))}
      </div>
    </>
  );
}

function PlainFields({ part, item, onChange }: { part: PlainPart; item: Item; onChange: Change }) {
  const labels: Record<string, string> = texts.value[part];
  const values = (item[part] ?? {}) as Record<string, string | undefined>;
  return (
    <div class="field-grid">
      {PLAIN_PARTS[part].map((f) => (
        <PlainField
          key={`${part}.${f.key}`}
          field={f}
          label={labels[f.key]!}
          value={values[f.key] ?? ""}
          onInput={(v) => onChange({ [part]: { ...values, [f.key]: v } })}
        />
      ))}
    </div>
  );
}

interface PlainFieldProps {
  field: FormField;
  label: string;
  value: string;
  onInput: (value: string) => void;
}

function PlainField({ field, ...box }: PlainFieldProps) {
  if (field.lines) return <TextArea {...box} rows={2} />;
  if (field.hidden) return <PasswordField {...box} autocomplete="off" />;
  if (field.date) return <DateField {...box} />;
  return <TextField {...box} type={field.type} />;
}

/** A date. The browser's input would hide a text that is not a date, which an import can leave. */
function DateField(box: Omit<PlainFieldProps, "field">) {
  const [native] = useState(!box.value || isDay(box.value));
  return <TextField {...box} type={native ? "date" : "text"} />;
}

function SSHFields({ sshKey, onChange }: { sshKey: SSHKey; onChange: (sshKey: SSHKey) => void }) {
  const text = texts.value.sshKey;
  return (
    <>
      {SSH_FIELDS.map((f) => {
        const set = (v: string) => onChange({ ...sshKey, [f.key]: v });
        return f.lines ? (
          <TextArea key={f.key} label={text[f.key]} value={sshKey[f.key] ?? ""} onInput={set} rows={f.hidden ? 8 : 3} mono />
        ) : (
          <TextField key={f.key} label={text[f.key]} value={sshKey[f.key] ?? ""} onInput={set} mono />
        );
      })}
    </>
  );
}
