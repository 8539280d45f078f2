// Hash routing. A route is the hash without "#/", split at slashes: "#/item/ID/edit" is ["item", ID, "edit"].
import { computed, signal } from "@preact/signals";

const read = () =>
  location.hash
    .replace(/^#\/?/, "")
    .split("/")
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part; // typed by hand with a stray percent sign: matches no screen
      }
    });

export const route = signal<string[]>(read());

/** The screens that replace the list and the item. */
const PAGES = ["health", "generator", "import", "export", "settings", "people", "admin", "alarm"] as const;
export type Page = (typeof PAGES)[number];

/** The page that is shown, or undefined if it is the vault. */
export const pageOf = (parts: string[]): Page | undefined => PAGES.find((p) => p === parts[0]);

/** The navigation that a guard blocked. A dialog asks what to do. */
export const blockedHash = signal<string | null>(null);

interface Guard {
  dirty: () => boolean;
  loses: "changes" | "phrase"; // what leaving would lose
}

let shown = location.hash;
const active = signal<Guard | null>(null); // of the open form

/** A form with possible changes is open, so nothing should suggest a reload. */
export const guarded = computed(() => active.value !== null);
/** What leaving would lose. */
export const atStake = computed(() => active.value?.loses ?? "changes");
const blocks = () => active.value?.dirty() ?? false;

export const href = (...parts: string[]) => `#/${parts.map(encodeURIComponent).join("/")}`;

export function go(...parts: string[]) {
  const target = href(...parts);
  if (target !== location.hash) location.hash = target;
}

/** Changes the route without adding to the history. */
export function replace(...parts: string[]) {
  history.replaceState(null, "", href(...parts));
  shown = location.hash;
  route.value = read();
}

/** While `dirty` returns true, leaving the page or the route asks first. Returns a function that removes the guard. */
export function guard(dirty: Guard["dirty"], loses: Guard["loses"] = "changes"): () => void {
  const own = { dirty, loses };
  active.value = own;
  return () => {
    if (active.value === own) unguard();
  };
}

/** Removes the guard, and its dialog: there is nothing to lose any more. */
export function unguard() {
  active.value = null;
  blockedHash.value = null;
}

export function discardAndLeave() {
  const target = blockedHash.value;
  unguard();
  if (target !== null) location.hash = target;
}

export function stay() {
  blockedHash.value = null;
}

addEventListener("hashchange", () => {
  if (location.hash !== shown && blocks()) {
    blockedHash.value = location.hash || "#/vault";
    history.pushState(null, "", shown); // does not fire hashchange
    return;
  }
  shown = location.hash;
  route.value = read();
});

addEventListener("beforeunload", (e) => {
  if (blocks()) e.preventDefault();
});
