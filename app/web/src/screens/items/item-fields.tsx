// Everything an entry says, in lines.

import type { Field, Item } from "../../core/protocol.gen";
import { copySecret } from "../../state/clipboard";
import { texts } from "../../texts";
import { IconButton } from "../../ui/controls";
import { AddressLine, Line, PlainLine, SecretLine } from "./field-row";
import { CARD_FIELDS, IDENTITY_FIELDS, SSH_FIELDS } from "./fields.gen";
import { CodeLine } from "./one-time-code";

export const expiry = (item: Item) =>
  [item.card?.expiry_month?.padStart(2, "0"), item.card?.expiry_year].filter(Boolean).join(" / ");

function FieldLine({ field }: { field: Field }) {
  const { itemView, itemFields } = texts.value;
  const label = field.name || itemView.field;
  if (field.unknown) return <SecretLine label={label} value={field.value} />; // of a kind that may be secret
  switch (field.kind) {
    case "hidden":
      return <SecretLine label={label} value={field.value} />;
    case "boolean":
      return <Line label={label}>{field.value === "true" ? itemFields.yes : itemFields.no}</Line>;
    case "link":
      return <AddressLine label={label} url={field.value} />;
    default:
      return <PlainLine label={label} value={field.value} />;
  }
}

export function EntryLines({ item }: { item: Item }) {
  const { card, common, itemView: text, identity, sshKey } = texts.value;
  return (
    <dl class="lines">
      <PlainLine label={common.username} value={item.username} />
      <SecretLine label={common.password} value={item.password} />
      {item.totp && <CodeLine id={item.id} modified={item.modified} />}
      <SecretLine label={common.authenticatorKey} value={item.totp} plainWhenShown />
      {CARD_FIELDS.map((f) =>
        f.hidden ? (
          <SecretLine key={f.key} label={card[f.key]} value={item.card?.[f.key]} />
        ) : (
          <PlainLine key={f.key} label={card[f.key]} value={item.card?.[f.key]} />
        ),
      )}
      <PlainLine label={text.expiry} value={expiry(item)} />
      {IDENTITY_FIELDS.map((f) =>
        f.hidden ? (
          <SecretLine key={f.key} label={identity[f.key]} value={item.identity?.[f.key]} />
        ) : (
          <PlainLine key={f.key} label={identity[f.key]} value={item.identity?.[f.key]} />
        ),
      )}
      {SSH_FIELDS.map((f) =>
        f.hidden ? (
          <SecretLine key={f.key} label={sshKey[f.key]} value={item.ssh_key?.[f.key]} plainWhenShown />
        ) : (
          <PlainLine key={f.key} label={sshKey[f.key]} value={item.ssh_key?.[f.key]} mono />
        ),
      )}
      {item.urls?.map((url) => (
        <AddressLine key={url} label={text.url} url={url} />
      ))}
      {item.fields?.map((f, i) => (
        <FieldLine key={i} field={f} />
      ))}
      {item.notes && (
        <Line
          label={common.notes}
          actions={
            <IconButton
              icon="copy"
              label={common.copy({ label: common.notes })}
              onClick={() => void copySecret(item.notes!, common.notes)}
            />
          }
        >
          <p class="notes">{item.notes}</p>
        </Line>
      )}
      {!!item.tags?.length && (
        <Line label={common.tags}>
          <ul class="tags">
            {item.tags.map((t) => (
              <li key={t} dir="auto">
                {t}
              </li>
            ))}
          </ul>
        </Line>
      )}
    </dl>
  );
}

/** Whether a newer version wrote something into the item that this one does not show. */
export const hasUnknown = (i: Item) =>
  !!(i.unknown_overview || i.unknown_details) ||
  [i.card, i.identity, i.ssh_key, ...(i.fields ?? []), ...(i.password_history ?? []), ...(i.attachments ?? [])].some(
    (p) => p?.unknown,
  );

export const isBare = (i: Item) =>
  !(
    i.username ||
    i.password ||
    i.totp ||
    i.notes ||
    i.card ||
    i.identity ||
    i.ssh_key ||
    i.urls?.length ||
    i.fields?.length ||
    i.tags?.length
  );
