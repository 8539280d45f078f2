// The unlocked vault as the list sees it. Ranking and decryption are the core's; this holds what it answered.
import { batch, computed, signal } from "@preact/signals";
import * as api from "../core/api.gen";
import { asCoreError, type CoreError } from "../core/error";
import type { Finding, ItemType, ListResult, Progress, Summary, Waiting } from "../core/protocol.gen";
import { locale, texts } from "../texts";
import { copyOpen, online, phase, preferences, toast } from "./app";
import { fail } from "./app-errors";

export type Filter =
  | { by: "all" }
  | { by: "favourite" }
  | { by: "trash" }
  | { by: "type"; type: ItemType }
  | { by: "tag"; tag: string };

export const all = signal<Summary[] | null>(null); // without the trash; null until the first sync is through
export const trashed = signal<Summary[]>([]);
/** How far the core is with reading what search looks into; null: it has read all. */
export const indexing = signal<Progress | null>(null);
export const filter = signal<Filter>({ by: "all" });
export const query = signal("");
export const unreadable = signal<Map<string, Finding>>(new Map());
export const waiting = signal<Waiting>({ pending: 0, refused: [] }); // what the server does not have yet
const syncing = signal(false);
export const syncProblem = signal<CoreError | null>(null);
const found = signal<ListResult | null>(null);

const FIRST_HITS = 100; // more than a screenful; the rest follows when typing pauses
const PAUSE_MS = 150;

const passes = (s: Summary, f: Filter) =>
  f.by === "all" ||
  f.by === "trash" ||
  (f.by === "favourite" && !!s.favourite) ||
  (f.by === "type" && s.type === f.type) ||
  (f.by === "tag" && !!s.tags?.includes(f.tag));

/** The rows to show. `total` may be more than there are rows for as long as a broad search is still arriving. */
export const shown = computed(() => {
  if (query.value.trim() && found.value) return found.value;
  const items = (filter.value.by === "trash" ? trashed.value : (all.value ?? [])).filter((s) => passes(s, filter.value));
  return { items, total: items.length, complete: true };
});

export const counts = computed(() => {
  const by = { all: 0, favourite: 0, trash: trashed.value.length } as Record<string, number>;
  const tags = new Map<string, number>();
  for (const s of all.value ?? []) {
    by.all = by.all! + 1;
    by[s.type] = (by[s.type] ?? 0) + 1;
    if (s.favourite) by.favourite = by.favourite! + 1;
    for (const t of s.tags ?? []) tags.set(t, (tags.get(t) ?? 0) + 1);
  }
  return { by, tags: [...tags].sort(([a], [b]) => a.localeCompare(b, locale.value)) };
});

const sorting = () => {
  const { sort } = preferences.value;
  return sort === "title" ? {} : { sort };
};

let asked = 0;
let rest: ReturnType<typeof setTimeout> | undefined;

async function ask(limit: number | undefined, turn: number) {
  const f = filter.value;
  const answer = await api.list({
    query: query.value,
    ...(f.by === "type" && { type: f.type }),
    ...(f.by === "tag" && { tag: f.tag }),
    ...(f.by === "favourite" && { favourite: true }),
    ...(f.by === "trash" && { trash: true }),
    ...sorting(),
    ...(limit && { limit }),
  });
  if (turn === asked) found.value = answer;
  return answer;
}

/** Sets the words or the filter and asks the core. Answers that were overtaken are dropped. */
export function search(words: string, by: Filter = filter.value) {
  const turn = ++asked;
  clearTimeout(rest);
  batch(() => {
    query.value = words;
    filter.value = by;
    if (!words.trim()) found.value = null;
  });
  if (!words.trim()) return;
  ask(FIRST_HITS, turn).then(({ items, total }) => {
    if (items.length >= total || turn !== asked) return;
    rest = setTimeout(() => ask(undefined, turn).catch(fail), PAUSE_MS);
  }, fail);
}

/** Reads the list anew from what the core holds. */
export async function refresh() {
  const [kept, gone, waits] = await Promise.all([
    api.list({ query: "", ...sorting() }),
    api.list({ query: "", trash: true, ...sorting() }),
    api.waiting(),
  ]);
  if (phase.value.at !== "unlocked") return; // locked in the meantime: keep nothing
  batch(() => {
    all.value = kept.items;
    trashed.value = gone.items;
    waiting.value = waits;
  });
  if (copyOpen.value) lookInside().catch(fail);
  else if (online.value && waits.pending > waits.refused.length) void syncNow(); // tells whether the server is there
  if (query.value.trim()) search(query.value);
}

let revision = -1; // of the last sync
let told = -1; // of the server, as it says itself

/** Syncs if the server is at another revision than this page, or speaks after a silence. */
export function serverIsAt(now: number) {
  told = now;
  if (now !== revision || !online.value) void syncNow();
}

/** Brings the vault up to date with the server. Being offline is a state, not an accident. */
export async function syncNow(): Promise<void> {
  if (syncing.value || phase.value.at !== "unlocked" || copyOpen.value) return;
  syncing.value = true;
  const before = told;
  try {
    const result = await api.sync();
    revision = result.revision;
    batch(() => {
      online.value = true;
      syncProblem.value = null;
      unreadable.value = new Map((result.unreadable ?? []).map((u) => [u.id, u.finding]));
      waiting.value = { pending: result.pending, refused: result.refused };
    });
    if (result.changed || result.count !== all.value?.length || result.trashed !== trashed.value.length) await refresh();
    if (result.kept.length) toast(texts.value.list.stays({ count: result.kept.length }));
    lookInside().catch(fail);
    purge().catch(fail);
  } catch (e) {
    const problem = asCoreError(e);
    if (problem.code === "offline") await wentOffline();
    else if (problem.code !== "cancelled" && !fail(problem)) syncProblem.value = problem;
  } finally {
    syncing.value = false;
  }
  if (told !== before) serverIsAt(told); // it moved on while this sync was under way
}

/** What the core holds is shown; without a copy on this device that is nothing, and not an empty vault. */
async function wentOffline() {
  online.value = false;
  if (all.value !== null || (await api.list({ query: "", limit: 1 })).total > 0) await refresh();
  lookInside().catch(fail);
}

/** Makes notes and fields searchable, and completes a search that was begun before they were. */
async function lookInside() {
  await api.index((p) => (indexing.value = p));
  indexing.value = null;
  if (query.value.trim() && found.value?.complete === false) search(query.value);
}

let purged = false; // since the vault was unlocked

/** Deletes what was in the trash for its time. */
async function purge() {
  if (purged) return;
  purged = true;
  if ((await api.purgeTrash()).purged > 0) await refresh();
}

/** Forgets all of it. */
export function forget() {
  asked++;
  clearTimeout(rest);
  revision = -1;
  told = -1;
  purged = false;
  batch(() => {
    all.value = null;
    trashed.value = [];
    indexing.value = null;
    found.value = null;
    query.value = "";
    filter.value = { by: "all" };
    unreadable.value = new Map();
    waiting.value = { pending: 0, refused: [] };
    syncProblem.value = null;
  });
}
