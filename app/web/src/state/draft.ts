// What is being written, sealed and kept on this device, so that locking loses none of it: the idle clock, another tab, an ended
// session and a new version do not ask. It is offered after unlocking. Where the person keeps nothing on the device, it is kept
// in the page's memory alone.
import { signal } from "@preact/signals";
import * as api from "../core/api.gen";
import { draftLoad, draftStore } from "../core/device-memory";
import type { Item } from "../core/protocol.gen";
import { phase, preferences } from "./app";
import { go } from "./route";

interface Draft {
  at: number; // when it was last changed, Unix milliseconds
  item: Item;
}

/** A draft that waits for a word of the person. */
export const offered = signal<Draft | null>(null);
/** A draft whose form is about to open. */
export const taken = signal<Draft | null>(null);

const PAUSE_MS = 300; // of typing

let timer: ReturnType<typeof setTimeout> | undefined;
let unsealed: { username: string; item: Item } | null = null; // typed, and not sealed yet
let writing: Promise<unknown> = Promise.resolve(); // in order: an older draft must not come last
const inMemory = new Map<string, { at: number; token: string }>();

async function store(of: string, draft: { at: number; token: string } | null) {
  if (draft) inMemory.set(of, draft);
  else inMemory.delete(of);
  if (preferences.value.keepCopy || !draft) await draftStore(of, draft).catch(() => undefined); // a private window has no disk
}

/** Seals what was typed last. Resolves when it is on the device. */
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
      .catch(() => undefined); // the form is still there, and its next change tries again
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

/** The form was saved, or its changes were given up. */
export function dropDraft(of = username()) {
  clearTimeout(timer);
  unsealed = null;
  if (of) writing = writing.then(() => store(of, null));
}

/** Looks for a draft after unlocking. One that does not open is of no use to anybody. */
export async function offerDraft() {
  const who = username();
  const kept = inMemory.get(who) ?? (await draftLoad(who).catch(() => null));
  if (!kept) return;
  try {
    const item = await api.openDraft({ token: kept.token });
    if (username() === who) offered.value = { at: kept.at, item };
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

/** Locking: the opened draft goes with the keys. */
export function forgetDraft() {
  clearTimeout(timer);
  unsealed = null;
  offered.value = null;
  taken.value = null;
}
