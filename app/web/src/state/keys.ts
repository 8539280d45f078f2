// Names the key of a shortcut, for every keyboard layout.
import { preferences } from "./app";

type Key = Pick<KeyboardEvent, "key" | "code" | "shiftKey" | "altKey" | "ctrlKey" | "metaKey">;

const ASCII = /^[\x20-\x7e]$/;
const LATIN = /^[\p{Script=Latin}\p{Script=Common}]$/u;

/** The letter at the place of the key on a US keyboard. */
const placed = ({ key, code, shiftKey }: Key) => {
  if (code === "Slash") return shiftKey ? "?" : "/";
  return /^Key[A-Z]$/.test(code) ? code.slice(3).toLowerCase() : key;
};

/**
 * The key that a shortcut means, letters in lower case. If the layout types no Latin letter there, as Cyrillic ones do, the place of
 * the key counts. It also counts with Alt, which types symbols on a Mac.
 */
export function keyOf(e: Key): string {
  if (e.key.length !== 1) return e.key;
  const isSlash = e.code === "Slash" && (e.key === "." || e.key === ","); // as in Russian, Ukrainian and Hebrew
  if (isSlash || !LATIN.test(e.key) || (e.altKey && !ASCII.test(e.key))) return placed(e);
  return e.key.toLowerCase();
}

/** Like keyOf, but "" for a character without Ctrl or ⌘ if the user has turned off single-key shortcuts. */
export function shortcutOf(e: Key): string {
  const key = keyOf(e);
  const single = key.length === 1 && key !== " " && !e.ctrlKey && !e.metaKey && !e.altKey;
  return single && !preferences.value.singleKeys ? "" : key;
}
