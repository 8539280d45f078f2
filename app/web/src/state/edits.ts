// What the list and an entry can do to entries, one or a thousand. All of it can be undone but deleting for good.
import * as api from "../core/api.gen";
import type { Tell } from "../core/host";
import type { Item } from "../core/protocol.gen";
import { m } from "../messages";
import { preferences, toast } from "./app";
import { fail } from "./problems";
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
    else toast(m.value.edits.unchanged);
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

export const trash = edit(toTrash, outOfTrash, (n) => m.value.edits.trashed(n));
export const restore = edit(outOfTrash, toTrash, (n) => m.value.edits.restored(n));
export const star = edit(marked(true), marked(false), (n) => m.value.edits.starred(n));
export const unstar = edit(marked(false), marked(true), (n) => m.value.edits.unstarred(n));
export const addTag = (tag: string) => edit(tagged(tag, false), tagged(tag, true), (n) => m.value.edits.tagged(tag, n));
export const removeTag = (tag: string) => edit(tagged(tag, true), tagged(tag, false), (n) => m.value.edits.untagged(tag, n));

export const deleteForGood = (ids: string[]) =>
  shared(async () => {
    await api.remove({ ids });
    toast(m.value.edits.deleted(ids.length));
  });

export const emptyTrash = (count: number, tell?: Tell) =>
  shared(async () => {
    await api.emptyTrash(tell);
    toast(m.value.edits.deleted(count));
  });

/** Lets go of an edit that has no place of its own to show a problem. */
export const quietly = (work: Promise<unknown>) =>
  void work.catch((e: unknown) => {
    if (!fail(e)) toast(m.value.edits.failed, "problem");
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
  const text = m.value.edits;
  let copy = item;
  await shared(async () => {
    copy = await api.duplicate({ id: item.id, title: text.copyOf(item.title) });
    offerUndo(item.attachments?.length ? text.duplicatedBare : text.duplicated, () => toTrash([copy.id]));
  });
  return copy;
}
