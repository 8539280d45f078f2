// All fields of an item, in rows.

import type { Field, Item } from "../../core/protocol.gen";
import { copySecret } from "../../state/clipboard";
import { href } from "../../state/route";
import { search } from "../../state/vault";
import { texts } from "../../texts";
import { openable } from "../../ui/url";
import { CardNumberRow, FieldRow, PlainRow, SecretRow, WebsiteRow } from "./field-row";
import { CARD_FIELDS, PARTS, PLAIN_PARTS, type PlainPart, SSH_FIELDS } from "./fields.gen";
import { CodeRow } from "./one-time-code";
import { dayOrText } from "./part-text";

export const expiry = (item: Item) =>
  [item.card?.expiry_month?.padStart(2, "0"), item.card?.expiry_year].filter(Boolean).join(" / ");

function CustomFieldRow({ field }: { field: Field }) {
  const { itemView, itemFields } = texts.value;
  const label = field.name || itemView.field;
  if (field.unknown) return <SecretRow label={label} value={field.value} />; // a newer kind of field may be secret
  switch (field.kind) {
    case "hidden":
      return <SecretRow label={label} value={field.value} />;
    case "boolean":
      return <FieldRow label={label}>{field.value === "true" ? itemFields.yes : itemFields.no}</FieldRow>;
    case "link":
      return <WebsiteRow label={label} url={field.value} />;
    default:
      return <PlainRow label={label} value={field.value} />;
  }
}

function PlainPartRows({ part, item }: { part: PlainPart; item: Item }) {
  const labels: Record<string, string> = texts.value[part];
  const values = item[part] as Record<string, string | undefined>;
  return (
    <>
      {PLAIN_PARTS[part].map((f) => {
        const value = values[f.key];
        if (f.hidden) return <SecretRow key={f.key} label={labels[f.key]!} value={value} />;
        if (value && f.key === "hostname" && openable(value))
          return <WebsiteRow key={f.key} label={labels[f.key]!} url={value} />;
        return <PlainRow key={f.key} label={labels[f.key]!} value={value} shown={f.date && value ? dayOrText(value) : value} />;
      })}
    </>
  );
}

export function ItemFields({ item }: { item: Item }) {
  const { card, common, itemView: text, sshKey } = texts.value;
  return (
    <dl class="field-rows">
      <PlainRow label={common.username} value={item.username} />
      <SecretRow label={common.password} value={item.password} />
      {item.totp && <CodeRow id={item.id} modified={item.modified} />}
      <SecretRow label={common.authenticatorKey} value={item.totp} plainWhenShown />
      {CARD_FIELDS.map((f) => {
        const Row = f.key === "number" ? CardNumberRow : SecretRow;
        return f.hidden ? (
          <Row key={f.key} label={card[f.key]} value={item.card?.[f.key]} />
        ) : (
          <PlainRow key={f.key} label={card[f.key]} value={item.card?.[f.key]} />
        );
      })}
      <PlainRow label={text.expiry} value={expiry(item)} />
      {PARTS.map(
        (part) => part in PLAIN_PARTS && item[part] && <PlainPartRows key={part} part={part as PlainPart} item={item} />,
      )}
      {SSH_FIELDS.map((f) =>
        f.hidden ? (
          <SecretRow key={f.key} label={sshKey[f.key]} value={item.ssh_key?.[f.key]} plainWhenShown />
        ) : (
          <PlainRow key={f.key} label={sshKey[f.key]} value={item.ssh_key?.[f.key]} mono />
        ),
      )}
      {item.urls?.map((url) => (
        <WebsiteRow key={url} label={text.url} url={url} />
      ))}
      {item.fields?.map((f, i) => (
        <CustomFieldRow key={i} field={f} />
      ))}
      {item.notes && (
        <FieldRow label={common.notes} onCopy={() => void copySecret(item.notes!, common.notes)}>
          <p class="notes">{item.notes}</p>
        </FieldRow>
      )}
      {!!item.tags?.length && (
        <FieldRow label={common.tags}>
          <ul class="tags">
            {item.tags.map((t) => (
              <li key={t} dir="auto">
                <a href={href("vault")} title={text.showTag({ tag: t })} onClick={() => search("", { by: "tag", tag: t })}>
                  {t}
                </a>
              </li>
            ))}
          </ul>
        </FieldRow>
      )}
    </dl>
  );
}

/** Whether the item contains something from a newer version, which this version cannot show. */
export const hasUnknown = (i: Item) =>
  !!(i.unknown_overview || i.unknown_details) ||
  [...PARTS.map((part) => i[part]), ...(i.fields ?? []), ...(i.password_history ?? []), ...(i.attachments ?? [])].some(
    (p) => p?.unknown,
  );

export const isEmpty = (i: Item) =>
  !(
    i.username ||
    i.password ||
    i.totp ||
    i.notes ||
    PARTS.some((part) => i[part]) ||
    i.urls?.length ||
    i.fields?.length ||
    i.tags?.length
  );
