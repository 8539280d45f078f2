// The item that is being edited, sealed and stored on this device. Locking does not lose it, whether the idle clock, another tab, an
// ended session or a new version caused it. It is offered after unlocking. If the user keeps nothing on the device, the draft is in
// the page's memory only.
import { signal } from "@preact/signals";
import * as api from "../core/api.gen";
import { draftLoad, draftStore } from "../core/device-memory";
import type { Item } from "../core/protocol.gen";
import { phase, preferences } from "./app";
import { go } from "./route";

interface Draft {
  at: number; // time of the last change, Unix milliseconds
  item: Item;
}

/** A draft that the user can continue or discard. */
export const offered = signal<Draft | null>(null);
/** A draft whose form is about to open. */
export const taken = signal<Draft | null>(null);

const PAUSE_MS = 300; // after the last key

let timer: ReturnType<typeof setTimeout> | undefined;
let unsealed: { username: string; item: Item } | null = null; // not sealed yet
let writing: Promise<unknown> = Promise.resolve(); // in order, so that an older draft never overwrites a newer one
const inMemory = new Map<string, { at: number; token: string }>();

async function store(of: string, draft: { at: number; token: string } | null) {
  if (draft) inMemory.set(of, draft);
  else inMemory.delete(of);
  if (preferences.value.keepCopy || !draft) await draftStore(of, draft).catch(() => undefined); // no storage, as in a private window
}

/** Seals the latest state. Resolves when it is stored. */
export function sealDraft(): Promise<unknown> {
  clearTimeout(timer);
  const last = unsealed;
  unsealed = null;
  if (last) {
    writing = writing
      .then(async () => {
        const { token } = await api.sealDraft({ item: last.item });
        await store(last.username, { at: Date.now(), token });
      })
      .catch(() => undefined); // the next change tries again
  }
  return writing;
}

const username = () => (phase.value.at === "unlocked" ? phase.value.username : "");

export function keepDraft(item: Item) {
  if (!username()) return;
  unsealed = { username: username(), item };
  clearTimeout(timer);
  timer = setTimeout(() => void sealDraft(), PAUSE_MS);
}

/** Deletes the draft: the form was saved or discarded. */
export function dropDraft(of = username()) {
  clearTimeout(timer);
  unsealed = null;
  if (of) writing = writing.then(() => store(of, null));
}

/** Offers a stored draft after unlocking. A draft that cannot be opened is deleted. */
export async function offerDraft() {
  const who = username();
  const stored = inMemory.get(who) ?? (await draftLoad(who).catch(() => null));
  if (!stored) return;
  try {
    const item = await api.openDraft({ token: stored.token });
    if (username() === who) offered.value = { at: stored.at, item };
  } catch {
    if (username() === who) dropDraft(who);
  }
}

export function takeDraft() {
  const draft = offered.value;
  offered.value = null;
  if (!draft) return;
  taken.value = draft;
  if (draft.item.id) go("item", draft.item.id, "edit");
  else go("new");
}

export function refuseDraft() {
  offered.value = null;
  dropDraft();
}

/** Called when the vault locks: forgets the opened draft. */
export function forgetDraft() {
  clearTimeout(timer);
  unsealed = null;
  offered.value = null;
  taken.value = null;
}
