// Copies a secret and takes it back from the clipboard later.
import { texts } from "../texts";
import { preferences, toast } from "./app";

let copied: string | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

/** False only when the browser let us read the clipboard and something else is in it by now. */
async function mayBeOurs(): Promise<boolean> {
  try {
    // Asking the browser first: readText() on its own would put a permission question before the user.
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
    // Browsers refuse to write while the page is in the background: do it when the user comes back.
    addEventListener("focus", () => void clear(), { once: true });
  }
}

/** Called when the vault locks: the clipboard must not outlive it by the rest of the time. */
export function clearClipboardNow() {
  if (copied !== null && preferences.value.clipboardSeconds > 0) void clear();
}

/** Copies what is not secret, a user name or an address: nothing is cleared later. */
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
