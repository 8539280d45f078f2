// The selected items of the list.
import { computed, signal } from "@preact/signals";
import { readOnly } from "./app";
import { shown } from "./vault";

const ids = signal<ReadonlySet<string>>(new Set());
const begun = signal(false); // by the button, before an item is selected
let anchor = ""; // where a range starts: the item that was toggled last

/** The selected items among those shown. Actions never affect an item that is not shown. */
export const selected = computed(() => shown.value.items.filter((s) => ids.value.has(s.id) && !s.unreadable));
export const selecting = computed(() => begun.value || selected.value.length > 0);

/** Shows the check marks, so that a tap selects. */
export function beginSelection() {
  begun.value = !readOnly.value;
}

export const isSelected = (id: string) => ids.value.has(id);

export function toggle(id: string) {
  if (readOnly.value) return; // a copy is read-only
  const next = new Set(selected.value.map((s) => s.id));
  if (!next.delete(id)) next.add(id);
  anchor = id;
  ids.value = next;
}

/** Selects all items between the last toggled item, or `from`, and `to`. */
export function selectRange(from: string, to: string) {
  if (readOnly.value) return;
  const { items } = shown.value;
  const at = (id: string) => items.findIndex((s) => s.id === id);
  if (selected.value.length === 0 || at(anchor) < 0) anchor = from;
  const [low, high] = [at(anchor), at(to)].sort((a, b) => a - b) as [number, number];
  if (low < 0) return;
  ids.value = new Set([...selected.value, ...items.slice(low, high + 1)].map((s) => s.id));
}

export function selectAll() {
  if (readOnly.value) return;
  ids.value = new Set(shown.value.items.map((s) => s.id));
}

export function endSelection() {
  anchor = "";
  begun.value = false;
  if (ids.value.size > 0) ids.value = new Set();
}
