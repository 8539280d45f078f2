// What the list and an entry can do to entries, one or a thousand. All of it can be undone but deleting for good.
import * as api from "../core/api.gen";
import type { Tell } from "../core/host";
import type { Item } from "../core/protocol.gen";
import { texts } from "../texts";
import { preferences, toast } from "./app";
import { fail } from "./app-errors";
import { tellOthers } from "./tabs";
import { offerUndo } from "./undo";
import { refresh } from "./vault";

type Act = (ids: string[], tell?: Tell) => Promise<{ changed: string[] }>;

async function shared(work: () => Promise<unknown>) {
  try {
    await work();
  } finally {
    await refresh(); // what came before a failure stays done
    tellOthers("changed");
  }
}

const edit = (act: Act, back: Act, said: (n: number) => string) => (ids: string[], tell?: Tell) =>
  shared(async () => {
    const { changed } = await act(ids, tell);
    if (changed.length > 0) offerUndo(said(changed.length), () => back(changed));
    else toast(texts.value.edits.unchanged);
  });

const toTrash: Act = (ids, tell) => api.trash({ ids, keep_days: preferences.value.trashDays }, tell);
const outOfTrash: Act = (ids, tell) => api.restore({ ids }, tell);
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
export const star = edit(marked(true), marked(false), (n) => texts.value.edits.starred({ count: n }));
export const unstar = edit(marked(false), marked(true), (n) => texts.value.edits.unstarred({ count: n }));
export const addTag = (tag: string) =>
  edit(tagged(tag, false), tagged(tag, true), (n) => texts.value.edits.tagged({ tag, count: n }));
export const removeTag = (tag: string) =>
  edit(tagged(tag, true), tagged(tag, false), (n) => texts.value.edits.untagged({ tag, count: n }));

export const deleteForGood = (ids: string[]) =>
  shared(async () => {
    await api.remove({ ids });
    toast(texts.value.edits.deleted({ count: ids.length }));
  });

export const emptyTrash = (count: number, tell?: Tell) =>
  shared(async () => {
    await api.emptyTrash(tell);
    toast(texts.value.edits.deleted({ count }));
  });

/** Lets go of an edit that has no place of its own to show a problem. */
export const quietly = (work: Promise<unknown>) =>
  void work.catch((e: unknown) => {
    if (!fail(e)) toast(texts.value.edits.failed, "problem");
  });

/** Changes an entry and says so. Undoing it saves `before` over it, merged with what came in between. */
export async function saveOver(before: Item, write: () => Promise<Item>, said: string): Promise<Item> {
  let kept = before;
  await shared(async () => {
    kept = await write();
    offerUndo(said, () => api.save({ item: { ...before, id: kept.id, base: kept.base } }));
  });
  return kept;
}

/** Adds a copy and returns it. */
export async function duplicate(item: Item): Promise<Item> {
  const text = texts.value.edits;
  let copy = item;
  await shared(async () => {
    copy = await api.duplicate({ id: item.id, title: text.copyOf({ title: item.title }) });
    offerUndo(item.attachments?.length ? text.duplicatedBare : text.duplicated, () => toTrash([copy.id]));
  });
  return copy;
}
