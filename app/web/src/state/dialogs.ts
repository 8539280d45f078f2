// Dialogs that any screen can open.
import { signal } from "@preact/signals";
import { question } from "./reprompt";

export const paletteOpen = signal(false);
export const shortcutsListed = signal(false);

export const searchHelpOpen = signal(false);
export const editedTag = signal<string | null>(null); // in the dialog that renames or deletes it

export function closeDialogs() {
  paletteOpen.value = false;
  shortcutsListed.value = false;
  searchHelpOpen.value = false;
  editedTag.value = null;
  question.value = null;
}
