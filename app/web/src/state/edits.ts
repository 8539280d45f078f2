// Changes to one or many items. All except permanent deletion can be undone.
import * as api from "../core/api.gen";
import type { Tell } from "../core/host";
import type { Item, Kind, Rewind, RewindProblem, Rewound } from "../core/protocol.gen";
import { texts } from "../texts";
import { withoutIsolation } from "../texts/message";
import { preferences, toast } from "./app";
import { handled } from "./app-errors";
import { notifyTabs } from "./tabs";
import { offerUndo } from "./undo";
import { everything, type Filter, filter, query, refresh, search, summaryOf, trashed } from "./vault";

type Act = (ids: string[], tell?: Tell) => Promise<{ changed: string[] }>;

async function shared(work: () => Promise<unknown>) {
  try {
    await work();
  } finally {
    await refresh(); // changes made before a failure remain
    notifyTabs("changed");
  }
}

/** The title of the only item of a change; the texts count several. */
function titleOf(ids: string[]): string {
  const [only, ...others] = ids;
  const found = only && others.length === 0 ? summaryOf(only) : undefined;
  return found?.title || texts.value.list.unreadable;
}

export interface Said {
  count: number;
  title: string;
}

function offer(changed: string[], said: (values: Said) => string, back: () => Promise<unknown>) {
  const title = titleOf(changed);
  if (changed.length > 0) offerUndo((count) => said({ count, title }), back, changed.length);
  else toast(texts.value.edits.unchanged);
}

const edit = (act: Act, back: Act, said: (values: Said) => string) => (ids: string[], tell?: Tell) =>
  shared(async () => {
    const { changed } = await act(ids, tell);
    offer(changed, said, () => back(changed));
  });

const toTrash: Act = (ids, tell) => api.trash({ ids, keep_days: preferences.value.trashDays }, tell);
const outOfTrash: Act = (ids, tell) => api.restore({ ids }, tell);
const archiving =
  (into: boolean): Act =>
  (ids, tell) =>
    api.archive({ ids, archived: into }, tell);
const marked =
  (favourite: boolean): Act =>
  (ids, tell) =>
    api.mark({ ids, favourite }, tell);

export const archive = edit(archiving(true), archiving(false), (said) => texts.value.edits.archived(said));
export const unarchive = edit(archiving(false), archiving(true), (said) => texts.value.edits.unarchived(said));
export const trash = edit(toTrash, outOfTrash, (said) => texts.value.edits.trashed(said));
export const restore = edit(outOfTrash, toTrash, (said) => texts.value.edits.restored(said));
export const star = edit(marked(true), marked(false), (said) => texts.value.edits.starred(said));
export const unstar = edit(marked(false), marked(true), (said) => texts.value.edits.unstarred(said));

/** Adds tags to items and removes others. Undo gives each item back the tags it had. */
export const retag =
  (add: string[], remove: string[], said: (values: Said) => string, undone?: () => void) => (ids: string[], tell?: Tell) =>
    shared(async () => {
      const before = new Map(everything().map((s) => [s.id, s.tags ?? []]));
      const { changed } = await api.tag({ ids, add, remove }, tell);
      const back = groupBy(changed, (id) => {
        const had = before.get(id) ?? [];
        return { add: remove.filter((t) => had.includes(t)), remove: add.filter((t) => !had.includes(t)) };
      });
      const undo = async () => {
        for (const [how, some] of back) await api.tag({ ids: some, ...how });
        undone?.();
      };
      offer(changed, said, undo);
    });

/** The values for which `of` returns equal objects, together. */
function groupBy<T, K>(values: T[], of: (value: T) => K): [K, T[]][] {
  const groups = new Map<string, [K, T[]]>();
  for (const value of values) {
    const key = of(value);
    const group = groups.get(JSON.stringify(key));
    if (group) group[1].push(value);
    else groups.set(JSON.stringify(key), [key, [value]]);
  }
  return [...groups.values()];
}

const tagged = (tag: string) =>
  everything()
    .filter((s) => s.tags?.includes(tag))
    .map((s) => s.id);

function moveFilter(from: string, to: Filter) {
  if (filter.value.by === "tag" && filter.value.tag === from) search(query.value, to);
}

/** Renames a tag for all items, also in the trash. An item that has both keeps one. */
export async function renameTag(from: string, to: string) {
  const said = () => texts.value.edits.tagRenamed({ from, to });
  await retag([to], [from], said, () => moveFilter(to, { by: "tag", tag: from }))(tagged(from));
  moveFilter(from, { by: "tag", tag: to });
}

export async function deleteTag(tag: string) {
  await retag([], [tag], () => texts.value.edits.tagDeleted({ tag }))(tagged(tag));
  moveFilter(tag, { by: "all" });
}
const ignoring =
  (kind: Kind, on: boolean): Act =>
  (ids, tell) =>
    api.ignore({ ids, kind, ignore: on }, tell);
export const ignore = (kind: Kind) =>
  edit(ignoring(kind, true), ignoring(kind, false), ({ count }) => texts.value.healthEdits.ignored({ count }));
export const unignore = (kind: Kind) =>
  edit(ignoring(kind, false), ignoring(kind, true), ({ count }) => texts.value.healthEdits.reported({ count }));

export const deletePermanently = (ids: string[]) =>
  shared(async () => {
    await api.remove({ ids });
    toast(texts.value.edits.deleted({ count: ids.length, title: titleOf(ids) }));
  });

export const emptyTrash = (count: number, tell?: Tell) =>
  shared(async () => {
    await api.emptyTrash(tell);
    toast(texts.value.edits.deleted({ count, title: titleOf(trashed.value.map((s) => s.id)) }));
  });

/** Runs an edit whose caller has no place to show an error; a toast shows it. */
export const quietly = (work: Promise<unknown>) =>
  void work.catch((e: unknown) => {
    if (!handled(e)) toast(texts.value.edits.failed, "problem");
  });

/** Changes an item and offers to undo it. Undo saves `before`, merged with any later change. */
export async function saveOver(before: Item, write: () => Promise<Item>, said: string): Promise<Item> {
  let saved = before;
  await shared(async () => {
    saved = await write();
    offerUndo(said, () => api.save({ item: { ...before, id: saved.id, base: saved.base } }));
  });
  return saved;
}

/** Adds a copy of the item and returns it. */
export async function duplicate(item: Item): Promise<Item> {
  const text = texts.value.edits;
  let copy = item;
  await shared(async () => {
    copy = await api.duplicate({ id: item.id, title: withoutIsolation(text.copyOf({ title: item.title })) });
    offerUndo(item.attachments?.length ? text.duplicatedWithoutFiles : text.duplicated, () => toTrash([copy.id]));
  });
  return copy;
}

/** Restores an earlier state of the vault or of items. The result says which items stayed as they are, and why. */
export async function rewind(params: Rewind, tell?: Tell): Promise<Rewound> {
  let done: Rewound | undefined;
  await shared(async () => {
    done = await api.rewind(params, tell);
  });
  return done!;
}

/** Restores one item as it was at a revision, and offers to undo that if `said` is given. Returns why the item stayed as it was. */
export async function rewindItem(id: string, revision: number, said?: string): Promise<RewindProblem | undefined> {
  const done = await rewind({ revision, ids: [id], undo: false, seen: 0 });
  const [item] = done.items;
  if (!item) toast(texts.value.edits.unchanged);
  if (item?.lost_files?.length) toast(texts.value.restoring.lostFiles({ names: item.lost_files.join(", ") }), "problem");
  if (item && !item.problem && said) offerUndo(said, () => rewind({ revision: done.seen, ids: [id], undo: false, seen: 0 }));
  return item?.problem || undefined;
}
