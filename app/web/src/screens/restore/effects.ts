// What a restoration changes, in the words of the page.
import type { RewoundItem } from "../../core/protocol.gen";
import { texts } from "../../texts";
import { labelAt } from "../../ui/task";

/** The keys of the labels of an item's fields. Any other field has the text restoring.otherField. */
const LABELS = new Map([
  ["title", "itemForm.title"],
  ["type", "itemForm.type"],
  ["username", "common.username"],
  ["urls", "itemView.url"],
  ["match", "itemFields.rules"],
  ["tags", "common.tags"],
  ["favourite", "common.favourite"],
  ["reprompt", "itemForm.reprompt"],
  ["archived", "archive.title"],
  ["trashed", "trash.title"],
  ["password", "common.password"],
  ["totp", "common.authenticatorKey"],
  ["card", "kinds.card.one"],
  ["bank_account", "kinds.bank_account.one"],
  ["identity", "kinds.identity.one"],
  ["passport", "kinds.passport.one"],
  ["drivers_license", "kinds.drivers_license.one"],
  ["api_key", "kinds.api_key.one"],
  ["ssh_key", "kinds.ssh_key.one"],
  ["fields", "itemForm.fields"],
  ["notes", "common.notes"],
  ["attachments", "attachments.title"],
  ["password_history", "history.title"],
]);

/** Fields that mean nothing to the user, or only together with another. */
const SILENT = new Set(["purge", "ignored"]);

export function fieldNames(fields: string[]): string {
  const { otherField } = texts.value.restoring;
  const nameOf = (field: string) => {
    const label = LABELS.get(field);
    return label ? labelAt(label, 1) : otherField;
  };
  const names = fields.filter((f) => !SILENT.has(f)).map(nameOf);
  return [...new Set(names)].join(", ");
}

/** What happens to an item, and why it stays as it is if it does. */
export function effectOf({ change, fields, problem }: RewoundItem): string {
  const { effects, problems } = texts.value.restoring;
  if (problem) return problems[problem] ?? problems.unreadable;
  if (change !== "changed") return effects[change];
  const names = fieldNames(fields);
  return names ? effects.changed({ fields: names }) : effects.changedOther;
}

/** Titles in a sentence, of which the last may stand for many. */
export function titleList(titles: string[], most: number): string {
  const { more, untitled } = texts.value.restoring;
  const shown = titles.slice(0, most).map((t) => t || untitled);
  if (titles.length > most) shown.push(more({ count: titles.length - most }));
  return shown.join(", ");
}
