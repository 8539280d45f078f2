// The unlocked vault as the list shows it. The core decrypts and ranks; this module holds its results.
import { batch, computed, signal } from "@preact/signals";
import * as api from "../core/api.gen";
import { asCoreError, type CoreError } from "../core/error";
import type { Finding, ItemType, ListResult, LostFile, Notice, Progress, Resent, Summary, Waiting } from "../core/protocol.gen";
import { locale, texts } from "../texts";
import { when } from "../texts/dates";
import { alarm, copyOpen, online, phase, preferences, toast } from "./app";
import { handled } from "./app-errors";

export type Filter =
  | { by: "all" }
  | { by: "favourite" }
  | { by: "archive" }
  | { by: "trash" }
  | { by: "type"; type: ItemType }
  | { by: "tag"; tag: string };

export const all = signal<Summary[] | null>(null); // without the archive and the trash; null until the first sync is complete
export const archived = signal<Summary[]>([]);
export const trashed = signal<Summary[]>([]);
/** Progress of indexing details for search; null when complete. */
export const indexing = signal<Progress | null>(null);
export const filter = signal<Filter>({ by: "all" });
export const query = signal("");
interface Position {
  top: number; // pixels
  id: string; // of the active item
  opened: string | undefined; // ID of the item beside it
}

const positions = new Map<string, Position>();
/** Where the list of this query and filter was left. */
export const positionOf = (list: string) => positions.get(list);

export function rememberPosition(list: string, at: Position | null) {
  if (at) positions.set(list, at);
  else positions.delete(list);
}

export const unreadable = signal<Map<string, Finding>>(new Map());
export const lost = signal<LostFile[]>([]); // attachments that a restored server does not have
export const waiting = signal<Waiting>({ pending: 0, refused: [] }); // changes that the server does not have yet
/** Progress of encrypting the items again after the keys were changed; null when complete. */
export const resealing = signal<Progress | null>(null);
const syncing = signal(false);
export const syncProblem = signal<CoreError | null>(null);
const found = signal<ListResult | null>(null);

/** The items to suggest for a search without a result. */
export const closest = signal<Summary[]>([]);

const FIRST_HITS = 40; // more than a screenful; the rest is loaded when typing pauses
const PAUSE_MS = 150;

const passes = (s: Summary, f: Filter) =>
  f.by === "all" ||
  f.by === "archive" ||
  f.by === "trash" ||
  (f.by === "favourite" && !!s.favourite) ||
  (f.by === "type" && s.type === f.type) ||
  (f.by === "tag" && !!s.tags?.includes(f.tag));

function listOf(f: Filter): Summary[] {
  if (f.by === "archive") return archived.value;
  return f.by === "trash" ? trashed.value : (all.value ?? []);
}

/** The rows to show. While a broad search is still loading, `total` is more than the number of rows. */
export const shown = computed((): ListResult => {
  if (query.value.trim() && found.value) return found.value;
  const items = listOf(filter.value).filter((s) => passes(s, filter.value));
  return { items, total: items.length, complete: true };
});

export const counts = computed(() => {
  const by = { all: 0, favourite: 0, archive: archived.value.length, trash: trashed.value.length } as Record<string, number>;
  const tags = new Map<string, number>();
  const usernames = new Map<string, number>();
  for (const s of all.value ?? []) {
    by.all = by.all! + 1;
    by[s.type] = (by[s.type] ?? 0) + 1;
    if (s.favourite) by.favourite = by.favourite! + 1;
    for (const t of s.tags ?? []) tags.set(t, (tags.get(t) ?? 0) + 1);
    if (s.username) usernames.set(s.username, (usernames.get(s.username) ?? 0) + 1);
  }
  const { compare } = new Intl.Collator(locale.value, { numeric: true });
  return {
    by,
    tags: [...tags].sort(([a], [b]) => compare(a, b)),
    usernames: [...usernames].sort(([, a], [, b]) => b - a).map(([name]) => name), // the most used first
  };
});

const sorting = () => {
  const { sort, reverse } = preferences.value;
  return { ...(sort !== "title" && { sort }), ...(reverse && { reverse }) };
};

let asked = 0;
let rest: ReturnType<typeof setTimeout> | undefined;

function asking() {
  const f = filter.value;
  return {
    query: query.value,
    ...(f.by === "type" && { type: f.type }),
    ...(f.by === "tag" && { tag: f.tag }),
    ...(f.by === "favourite" && { favourite: true }),
    ...(f.by === "archive" && { archive: true }),
    ...(f.by === "trash" && { trash: true }),
    ...sorting(),
  };
}

async function ask(limit: number | undefined, request: number) {
  const answer = await api.list({ ...asking(), ...(limit && { limit }) });
  if (request === asked) found.value = answer;
  return answer;
}

let judging: Promise<unknown> | undefined;

/** Completes a search once typing pauses. */
async function complete({ items, total, hints }: ListResult, request: number) {
  if (total === 0) {
    const like = await api.closest(asking());
    if (request === asked) closest.value = like.items;
  }
  if (hints?.some((h) => h.code === "unjudged")) {
    judging ??= api.health().finally(() => (judging = undefined));
    await judging;
    if (request === asked) await ask(undefined, request);
  } else if (items.length < total) await ask(undefined, request);
}

/** Sets the query or the filter and searches. Results of an earlier search are ignored. */
export function search(words: string, by: Filter = filter.value) {
  const request = ++asked;
  clearTimeout(rest);
  batch(() => {
    query.value = words;
    filter.value = by;
    closest.value = [];
    if (!words.trim()) found.value = null;
  });
  if (!words.trim()) return;
  ask(FIRST_HITS, request).then((first) => {
    if (request !== asked || (first.total > 0 && first.items.length >= first.total && !first.hints)) return;
    rest = setTimeout(() => complete(first, request).catch(handled), PAUSE_MS);
  }, handled);
}

/** The items of all lists, also archived and trashed ones. */
export const everything = () => [...(all.value ?? []), ...archived.value, ...trashed.value];

export const summaryOf = (id: string) => everything().find((s) => s.id === id);

/** Reloads the list from the core. */
async function refreshList() {
  const [items, inArchive, inTrash, unsent] = await Promise.all([
    api.list({ query: "", ...sorting() }),
    api.list({ query: "", archive: true, ...sorting() }),
    api.list({ query: "", trash: true, ...sorting() }),
    api.waiting(),
  ]);
  if (phase.value.at !== "unlocked") return; // locked meanwhile: store nothing
  batch(() => {
    all.value = items.items;
    archived.value = inArchive.items;
    trashed.value = inTrash.items;
    waiting.value = unsent;
  });
  return unsent;
}

/** Reloads the list from the core. */
export async function refresh() {
  const unsent = await refreshList();
  if (!unsent) return;
  if (copyOpen.value) indexDetails().catch(handled);
  else if (online.value && unsent.pending > unsent.refused.length) void syncNow(); // finds out whether the server is reachable
  if (query.value.trim()) search(query.value);
}

let synced = ""; // the state of the last sync
let announced = ""; // that the server announced last

/**
 * Syncs if the server announces another state of the vault, or is reachable again. A change of the account moves the log alone, and
 * a server that was restored may have something else under the same numbers.
 */
export function serverIsAt({ revision, sequence, parted }: Pick<Notice, "revision" | "sequence" | "parted">) {
  notice(parted ? "parted" : `${revision}/${sequence}`);
}

function notice(now: string) {
  announced = now;
  if (now !== synced || !online.value) void syncNow();
}

/** Says that a server that was restored from a backup has what it lost again. */
function sentAgain(resent: Resent) {
  const text = texts.value.inAlarm;
  if (resent.writes) toast(text.resent({ when: when(new Date(resent.since).toISOString()) }));
}

/** Syncs the vault with the server. Being offline is a state, not an error. */
export async function syncNow(): Promise<void> {
  if (syncing.value || phase.value.at !== "unlocked" || copyOpen.value) return;
  syncing.value = true;
  const before = announced;
  try {
    const result = await api.sync();
    synced = `${result.revision}/${result.sequence}`;
    batch(() => {
      online.value = true;
      syncProblem.value = null;
      alarm.value = null;
      unreadable.value = new Map((result.unreadable ?? []).map((u) => [u.id, u.finding]));
      waiting.value = { pending: result.pending, refused: result.refused };
      lost.value = result.lost;
    });
    const listed = (all.value?.length ?? -1) + archived.value.length;
    if (result.changed || result.count !== listed || result.trashed !== trashed.value.length) await refresh();
    if (result.kept.length) toast(texts.value.list.stays({ count: result.kept.length }));
    if (result.resent) sentAgain(result.resent);
    if (result.recovered) toast(texts.value.inAlarm.recovered);
    if (result.joined) toast(texts.value.inAlarm.joined({ name: result.joined.author, count: result.joined.differences.length }));
    indexDetails().catch(handled);
    purge().catch(handled);
    if (result.outdated > 0) void reseal();
  } catch (e) {
    await syncFailed(asCoreError(e)).catch(handled); // locked meanwhile
  } finally {
    syncing.value = false;
  }
  if (announced !== before) notice(announced); // the server changed during this sync
}

async function syncFailed(problem: CoreError) {
  if (problem.code === "cancelled") return;
  if (problem.code === "offline") await wentOffline();
  else if (await readableAlarm()) await refreshList();
  else if (!handled(problem)) syncProblem.value = problem;
}

/** Reports whether the vault is in alarm, and what this device verified is open. */
export async function readableAlarm(): Promise<boolean> {
  const state = await api.alarm();
  alarm.value = state.readable ? state.alarm : null;
  return alarm.value !== null;
}

/** Shows what the core has. Without a copy on this device it has nothing, which must not look like an empty vault. */
async function wentOffline() {
  online.value = false;
  await readableAlarm();
  if (all.value !== null || (await api.list({ query: "", limit: 1 })).total > 0) await refresh();
  indexDetails().catch(handled);
}

/** Makes notes and fields searchable, then completes a search that started earlier. */
async function indexDetails() {
  let opened = false;
  await api.index((p) => {
    opened = true;
    indexing.value = p;
  });
  indexing.value = null;
  if (opened && all.value?.some((s) => s.type !== "login" && !s.subtitle)) await refreshList(); // some may have a subtitle now
  if (query.value.trim() && found.value?.complete === false) search(query.value);
}

let resealed = true; // unless it failed in this unlocked session

/** Encrypts the items again that are still under older keys, in the background. A tab that is closed goes on with the rest later. */
export async function reseal() {
  if (resealing.value || !resealed) return;
  resealing.value = { done: 0, total: 0 };
  try {
    await api.reseal((p) => {
      resealing.value = p;
    });
  } catch (e) {
    resealed = handled(e) || asCoreError(e).code === "offline"; // the next sync tries again
  } finally {
    resealing.value = null;
  }
}

let purged = false; // in this unlocked session

/** Deletes items whose time in the trash is over. */
async function purge() {
  if (purged) return;
  purged = true;
  if ((await api.purgeTrash()).purged > 0) await refresh();
}

/** Forgets everything. */
export function forget() {
  asked++;
  clearTimeout(rest);
  synced = "";
  announced = "";
  purged = false;
  resealed = true;
  positions.clear();
  batch(() => {
    all.value = null;
    archived.value = [];
    trashed.value = [];
    indexing.value = null;
    found.value = null;
    closest.value = [];
    query.value = "";
    filter.value = { by: "all" };
    unreadable.value = new Map();
    waiting.value = { pending: 0, refused: [] };
    lost.value = [];
    syncProblem.value = null;
    alarm.value = null;
  });
}
