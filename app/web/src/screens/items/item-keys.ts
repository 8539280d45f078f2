// The keys that act on the shown item, or on the active item of the list.
import { toast } from "../../state/app";
import { copyField } from "../../state/copy-field";
import { texts } from "../../texts";
import { openable } from "../../ui/url";

export type Actions = Record<string, () => void>;

function openWebsite(url: string | undefined) {
  const link = openable(url ?? "");
  if (link) window.open(link, "_blank", "noopener,noreferrer");
  else toast(texts.value.shortcuts.noWebsite);
}

/** The keys that change nothing. `url` is the first of the item. */
export const readingKeys = (id: string, url: string | undefined): Actions => ({
  c: () => void copyField(id, "password"),
  u: () => void copyField(id, "username"),
  t: () => void copyField(id, "code"),
  o: () => openWebsite(url),
});
