// The group of findings that the user works through, from one item to the next.
import { effect, signal } from "@preact/signals";
import * as api from "../../core/api.gen";
import type { Findings, Kind } from "../../core/protocol.gen";
import { href, route } from "../../state/route";
import { all } from "../../state/vault";

interface Work {
  kind: Kind;
  ids: string[];
}

export const work = signal<Work | null>(null);

// The work ends with another screen, or with an item that is not part of it.
effect(() => {
  const [screen, id] = route.value;
  const now = work.peek();
  if (now && screen !== "health" && !(screen === "item" && now.ids.includes(id ?? ""))) work.value = null;
});

const OF_PASSWORD = new Set<Kind>(["breached", "weak", "reused", "old"]);

export const isOfPassword = (kind: Kind) => OF_PASSWORD.has(kind);

/** The form that resolves a finding: with the generator open if the password has to change. */
export const formFor = (id: string, kind: Kind) =>
  isOfPassword(kind) ? href("item", id, "edit", "password") : href("item", id, "edit");

const FOUND: Record<Kind, (f: Findings) => boolean> = {
  breached: (f) => f.breached > 0,
  weak: (f) => f.weak,
  reused: (f) => f.reused.length > 0,
  old: (f) => f.old,
  insecure: (f) => f.insecure !== "",
  second_factor: (f) => f.second_factor,
};

export const found = (f: Findings, kind: Kind) => FOUND[kind](f);
export const reported = (f: Findings, kind: Kind) => found(f, kind) && !f.ignored.includes(kind);

/** The next item of the group that still has the finding, from the one after `id` on. */
export async function nextAfter(id: string, { kind, ids }: Work): Promise<string | undefined> {
  const at = ids.indexOf(id);
  for (const next of [...ids.slice(at + 1), ...ids.slice(0, at)]) {
    if (!all.value?.some((s) => s.id === next)) continue;
    if (reported(await api.itemHealth({ id: next }), kind)) return next;
  }
  return undefined;
}
