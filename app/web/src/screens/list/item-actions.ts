// What can be done with an item of the list without opening it.
import * as api from "../../core/api.gen";
import type { Summary } from "../../core/protocol.gen";
import { preferences, readOnly } from "../../state/app";
import { archive, duplicate, quietly, restore, star, trash, unarchive, unstar } from "../../state/edits";
import { go } from "../../state/route";
import { texts } from "../../texts";
import type { MenuItem } from "../../ui/menu";
import { openable } from "../../ui/url";
import { readingKeys } from "../items/item-keys";

const whether = (condition: unknown, item: MenuItem): MenuItem[] => (condition ? [item] : []);

/** Copies one field of a login. */
export function copyActions(item: Summary): MenuItem[] {
  const text = texts.value.palette;
  const keys = readingKeys(item.id, item.url);
  if (item.type !== "login" || item.unreadable) return [];
  return [
    ...whether(item.username, { label: text.copyUsername, icon: "identity", key: "U", run: keys.u! }),
    { label: text.copyPassword, icon: "key", key: "C", run: keys.c! },
    ...whether(item.code, { label: text.copyCode, icon: "clock", key: "T", run: keys.t! }),
  ];
}

function editActions(item: Summary): MenuItem[] {
  const { archive: store, edits, itemView, selection, shortcuts, trash: bin } = texts.value;
  const ids = [item.id];
  if (readOnly.value || item.unreadable) return [];
  if (item.trashed) return [{ label: bin.restore, icon: "restore", run: () => quietly(restore(ids)) }];
  const copy = async () => go("item", (await duplicate(await api.get({ id: item.id }))).id);
  return [
    { label: itemView.edit, icon: "edit", key: "E", run: () => go("item", item.id, "edit") },
    {
      label: item.favourite ? selection.unstar : selection.star,
      icon: "star",
      key: "F",
      run: () => quietly((item.favourite ? unstar : star)(ids)),
    },
    { label: edits.duplicate, icon: "duplicate", run: () => quietly(copy()) },
    item.archived
      ? { label: store.unarchive, icon: "restore", run: () => quietly(unarchive(ids)) }
      : { label: store.archive, icon: "archive", run: () => quietly(archive(ids)) },
    { label: itemView.remove, icon: "trash", key: shortcuts.keys.delete, danger: true, run: () => quietly(trash(ids)) },
  ];
}

/** All actions, for the menu of a row. */
export function itemActions(item: Summary): MenuItem[] {
  const open = readingKeys(item.id, item.url).o!;
  const all = [
    ...copyActions(item),
    ...whether(openable(item.url), { label: texts.value.shortcuts.website, icon: "open", key: "O", run: open }),
    ...editActions(item),
  ];
  return preferences.value.singleKeys ? all : all.map(({ key: _, ...rest }) => rest);
}
