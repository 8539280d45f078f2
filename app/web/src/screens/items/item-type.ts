// How the page shows each type of item.
import type { ItemType, Summary } from "../../core/protocol.gen";
import { texts } from "../../texts";
import { dayOf } from "../../texts/dates";
import type { IconName } from "../../ui/icon";
import { hostOf } from "../../ui/url";

const icons: Record<ItemType, IconName> = {
  login: "login",
  note: "note",
  card: "card",
  bank_account: "bank",
  identity: "identity",
  passport: "passport",
  drivers_license: "license",
  api_key: "key",
  ssh_key: "terminal",
};

/** The name and icon of a type. A newer version may have written a type that this one does not know. */
export const kindOf = (type: ItemType): { one: string; many: string; icon: IconName } => ({
  ...(texts.value.kinds[type] ?? texts.value.kinds.unknown),
  icon: icons[type] ?? "info",
});

const TINTS = 8;

/** One of eight tints, the same for the same title. */
export function tintOf(title: string): number {
  let h = 0;
  for (const c of title.toLowerCase()) h = (h * 31 + c.codePointAt(0)!) >>> 0;
  return h % TINTS;
}

export const initial = (title: string) => ([...title.trim()][0] ?? "?").toUpperCase();

/** The second line of a row in the list. */
export function subtitle(s: Summary): string {
  if (s.unreadable) return texts.value.list.cannotOpen;
  if (s.trashed) return s.purge ? texts.value.trash.purge({ date: dayOf(s.purge) }) : texts.value.trash.noPurge;
  if (s.username) return s.username;
  if (s.subtitle) return s.subtitle;
  if (s.url) return hostOf(s.url);
  return kindOf(s.type).one;
}
