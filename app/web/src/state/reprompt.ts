// Items that ask for the master password before they are shown. The core refuses them until confirmItem, and forgets that after five
// minutes or when the vault locks.
import { signal } from "@preact/signals";
import * as api from "../core/api.gen";
import { asCoreError } from "../core/error";

interface Question {
  id: string;
  again: () => void; // what the core refused
}

/** What a dialog asks the master password for. */
export const question = signal<Question | null>(null);

/** Asks for the master password if that is what the core wants, then runs `again`. Returns false for any other error. */
export function asksFor(id: string, e: unknown, again: () => void): boolean {
  if (asCoreError(e).code !== "reprompt") return false;
  question.value = { id, again };
  return true;
}

export async function answer(password: string) {
  const asked = question.value;
  if (!asked) return;
  await api.confirmItem({ id: asked.id, password });
  if (question.value !== asked) return; // closed meanwhile
  question.value = null;
  asked.again();
}
