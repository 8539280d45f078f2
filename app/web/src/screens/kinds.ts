// What the page knows about each type of entry.
import type { ItemType, Summary } from "../core/protocol.gen";
import { locale, texts } from "../texts";
import type { IconName } from "../ui/icon";

const icons: Record<ItemType, IconName> = {
  login: "login",
  note: "note",
  card: "card",
  identity: "identity",
  ssh_key: "terminal",
};

/** A newer version of VaultSphere may have written types that this one does not know. */
export const kindOf = (type: ItemType): { one: string; many: string; icon: IconName } => ({
  ...(texts.value.kinds[type] ?? texts.value.kinds.unknown),
  icon: icons[type] ?? "info",
});

const TINTS = 8;

/** One of eight tints, always the same one for the same title. */
export function tintOf(title: string): number {
  let h = 0;
  for (const c of title.toLowerCase()) h = (h * 31 + c.codePointAt(0)!) >>> 0;
  return h % TINTS;
}

export const initial = (title: string) => ([...title.trim()][0] ?? "?").toUpperCase();

/** The second line of a row. */
export function subtitle(s: Summary): string {
  if (s.unreadable) return texts.value.list.cannotOpen;
  if (s.trashed) return s.purge ? texts.value.trash.purge({ date: dayOf(s.purge) }) : texts.value.trash.noPurge;
  if (s.username) return s.username;
  if (s.url) return hostOf(s.url);
  return kindOf(s.type).one;
}

export function hostOf(url: string): string {
  try {
    return new URL(url.includes("://") ? url : `https://${url}`).host || url;
  } catch {
    return url;
  }
}

/** The address as a link the browser may open, or null: only the web's own schemes, never "javascript:". */
export function openable(url: string): string | null {
  try {
    const parsed = new URL(/^[a-z][a-z0-9+.-]*:/i.test(url) && !/^[^/]*:\d/.test(url) ? url : `https://${url}`);
    return parsed.protocol === "https:" || parsed.protocol === "http:" ? parsed.href : null;
  } catch {
    return null;
  }
}

/** The day alone. */
export const dayOf = (iso: string) => new Date(iso).toLocaleDateString(locale.value, { dateStyle: "medium" });

export const when = (iso: string | undefined) => {
  if (!iso || iso.startsWith("0001-01-01T00:00:00")) return ""; // Go's zero time: not known
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleString(locale.value, { dateStyle: "medium", timeStyle: "short" });
};

export const day = (iso: string) => new Date(iso).toLocaleDateString(locale.value, { dateStyle: "medium" });

/** 2026-11-25, for the names of files. */
export const today = () => new Date().toLocaleDateString("sv");
