// Changes to one or many items. All except permanent deletion can be undone.
import * as api from "../core/api.gen";
import type { Tell } from "../core/host";
import type { Item, Kind } from "../core/protocol.gen";
import { texts } from "../texts";
import { preferences, toast } from "./app";
import { handled } from "./app-errors";
import { notifyTabs } from "./tabs";
import { offerUndo } from "./undo";
import { refresh } from "./vault";

type Act = (ids: string[], tell?: Tell) => Promise<{ changed: string[] }>;

async function shared(work: () => Promise<unknown>) {
  try {
    await work();
  } finally {
    await refresh(); // changes made before a failure remain
    notifyTabs("changed");
  }
}

const edit = (act: Act, back: Act, said: (n: number) => string) => (ids: string[], tell?: Tell) =>
  shared(async () => {
    const { changed } = await act(ids, tell);
    if (changed.length > 0) offerUndo(said, () => back(changed), changed.length);
    else toast(texts.value.edits.unchanged);
  });

const toTrash: Act = (ids, tell) => api.trash({ ids, keep_days: preferences.value.trashDays }, tell);
const outOfTrash: Act = (ids, tell) => api.restore({ ids }, tell);
const archiving =
  (archived: boolean): Act =>
  (ids, tell) =>
    api.archive({ ids, archived }, tell);
const marked =
  (favourite: boolean): Act =>
  (ids, tell) =>
    api.mark({ ids, favourite }, tell);
const tagged =
  (tag: string, remove: boolean): Act =>
  (ids, tell) =>
    api.tag({ ids, tag, remove }, tell);

export const trash = edit(toTrash, outOfTrash, (n) => texts.value.edits.trashed({ count: n }));
export const restore = edit(outOfTrash, toTrash, (n) => texts.value.edits.restored({ count: n }));
export const archive = edit(archiving(true), archiving(false), (n) => texts.value.edits.archived({ count: n }));
export const unarchive = edit(archiving(false), archiving(true), (n) => texts.value.edits.unarchived({ count: n }));
export const star = edit(marked(true), marked(false), (n) => texts.value.edits.starred({ count: n }));
export const unstar = edit(marked(false), marked(true), (n) => texts.value.edits.unstarred({ count: n }));
export const addTag = (tag: string) =>
  edit(tagged(tag, false), tagged(tag, true), (n) => texts.value.edits.tagged({ tag, count: n }));
export const removeTag = (tag: string) =>
  edit(tagged(tag, true), tagged(tag, false), (n) => texts.value.edits.untagged({ tag, count: n }));
const ignoring =
  (kind: Kind, on: boolean): Act =>
  (ids, tell) =>
    api.ignore({ ids, kind, ignore: on }, tell);
export const ignore = (kind: Kind) =>
  edit(ignoring(kind, true), ignoring(kind, false), (n) => texts.value.healthEdits.ignored({ count: n }));
export const unignore = (kind: Kind) =>
  edit(ignoring(kind, false), ignoring(kind, true), (n) => texts.value.healthEdits.reported({ count: n }));

export const deletePermanently = (ids: string[]) =>
  shared(async () => {
    await api.remove({ ids });
    toast(texts.value.edits.deleted({ count: ids.length }));
  });

export const emptyTrash = (count: number, tell?: Tell) =>
  shared(async () => {
    await api.emptyTrash(tell);
    toast(texts.value.edits.deleted({ count }));
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
    copy = await api.duplicate({ id: item.id, title: text.copyOf({ title: item.title }) });
    offerUndo(item.attachments?.length ? text.duplicatedWithoutFiles : text.duplicated, () => toTrash([copy.id]));
  });
  return copy;
}
