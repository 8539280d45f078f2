// Copies secrets and clears the clipboard later.
import { texts } from "../texts";
import { preferences, toast } from "./app";

let copied: string | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

/** False only if the browser allows reading the clipboard and it contains something else. */
async function mayBeOurs(): Promise<boolean> {
  try {
    // readText() alone would prompt the user for permission.
    const { state } = await navigator.permissions.query({ name: "clipboard-read" as PermissionName });
    return state !== "granted" || (await navigator.clipboard.readText()) === copied;
  } catch {
    return true;
  }
}

async function clear() {
  if (copied === null) return;
  try {
    if (await mayBeOurs()) await navigator.clipboard.writeText("");
    copied = null;
    clearTimeout(timer);
  } catch {
    // Browsers refuse to write while the page is in the background. Clear it when the user returns.
    addEventListener("focus", () => void clear(), { once: true });
  }
}

/** Clears a copied secret immediately. Called when the vault locks. */
export function clearClipboardNow() {
  if (copied !== null && preferences.value.clipboardSeconds > 0) void clear();
}

/** Copies a value that is not secret, such as a username or a website. It is not cleared later. */
export async function copyPlain(value: string, name: string) {
  try {
    await navigator.clipboard.writeText(value);
    toast(texts.value.clipboard.copied({ name }));
  } catch {
    toast(texts.value.clipboard.refused, "problem");
  }
}

export async function copySecret(value: string, name: string) {
  const seconds = preferences.value.clipboardSeconds;
  try {
    await navigator.clipboard.writeText(value);
  } catch {
    toast(texts.value.clipboard.refused, "problem");
    return;
  }
  clearTimeout(timer);
  copied = value;
  if (seconds > 0) timer = setTimeout(() => void clear(), seconds * 1000);
  const { copied: plain, copiedFor } = texts.value.clipboard;
  toast(seconds > 0 ? copiedFor({ name, seconds }) : plain({ name }));
}
