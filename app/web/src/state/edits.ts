// Changes to one or many items. All except permanent deletion can be undone.
import * as api from "../core/api.gen";
import type { Tell } from "../core/host";
import type { Item, Kind } from "../core/protocol.gen";
import { texts } from "../texts";
import { withoutIsolation } from "../texts/message";
import { preferences, toast } from "./app";
import { handled } from "./app-errors";
import { notifyTabs } from "./tabs";
import { offerUndo } from "./undo";
import { all, refresh, trashed } from "./vault";

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
  const found = others.length === 0 ? [...(all.value ?? []), ...trashed.value].find((s) => s.id === only) : undefined;
  return found?.title || texts.value.list.unreadable;
}

interface Said {
  count: number;
  title: string;
}

const edit = (act: Act, back: Act, said: (values: Said) => string) => (ids: string[], tell?: Tell) =>
  shared(async () => {
    const { changed } = await act(ids, tell);
    const title = titleOf(changed);
    if (changed.length > 0)
      offerUndo(
        (count) => said({ count, title }),
        () => back(changed),
        changed.length,
      );
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

export const trash = edit(toTrash, outOfTrash, (said) => texts.value.edits.trashed(said));
export const restore = edit(outOfTrash, toTrash, (said) => texts.value.edits.restored(said));
export const star = edit(marked(true), marked(false), (said) => texts.value.edits.starred(said));
export const unstar = edit(marked(false), marked(true), (said) => texts.value.edits.unstarred(said));
export const addTag = (tag: string) =>
  edit(tagged(tag, false), tagged(tag, true), (said) => texts.value.edits.tagged({ ...said, tag }));
export const removeTag = (tag: string) =>
  edit(tagged(tag, true), tagged(tag, false), (said) => texts.value.edits.untagged({ ...said, tag }));
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
