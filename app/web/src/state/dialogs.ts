// Dialogs that any screen can open.
import { signal } from "@preact/signals";
import { question } from "./reprompt";

export const paletteOpen = signal(false);
export const shortcutsListed = signal(false);

export function closeDialogs() {
  paletteOpen.value = false;
  shortcutsListed.value = false;
  question.value = null;
}
