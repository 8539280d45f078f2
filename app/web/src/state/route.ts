// Hash routing. A route is the hash without "#/", split at slashes: "#/entry/ID/edit" is ["item", ID, "edit"].
import { computed, signal } from "@preact/signals";

const read = () =>
  location.hash
    .replace(/^#\/?/, "")
    .split("/")
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part; // typed by hand with a stray percent sign; no screen has that name
      }
    });

export const route = signal<string[]>(read());

/** The screens that stand in place of the list and the entry. */
const PAGES = ["health", "generator", "import", "export", "settings"] as const;
export type Page = (typeof PAGES)[number];

/** The page that is shown, or undefined where the vault is. */
export const pageOf = (parts: string[]): Page | undefined => PAGES.find((p) => p === parts[0]);

/** The hash that a form with unsaved changes kept back; a dialog asks what to do with it. */
export const heldBack = signal<string | null>(null);

let shown = location.hash;
const isDirty = signal<(() => boolean) | null>(null); // of the form that is open

/** A form is open that may have unsaved changes: nothing should ask for a reload now. */
export const guarded = computed(() => isDirty.value !== null);
const dirty = () => isDirty.value?.() ?? false;

export const href = (...parts: string[]) => `#/${parts.map(encodeURIComponent).join("/")}`;

export function go(...parts: string[]) {
  const target = href(...parts);
  if (target !== location.hash) location.hash = target;
}

/** Changes the route without a new step in the history. */
export function replace(...parts: string[]) {
  history.replaceState(null, "", href(...parts));
  shown = location.hash;
  route.value = read();
}

/** While the guard says true, leaving the page or the route asks first. Returns how to take the guard away. */
export function guard(says: () => boolean): () => void {
  isDirty.value = says;
  return () => {
    if (isDirty.value === says) unguard();
  };
}

export function unguard() {
  isDirty.value = null;
}

export function leaveAnyway() {
  const target = heldBack.value;
  unguard();
  heldBack.value = null;
  if (target !== null) location.hash = target;
}

export function stay() {
  heldBack.value = null;
}

addEventListener("hashchange", () => {
  if (location.hash !== shown && dirty()) {
    heldBack.value = location.hash || "#/vault";
    history.pushState(null, "", shown); // does not fire hashchange
    return;
  }
  shown = location.hash;
  route.value = read();
});

addEventListener("beforeunload", (e) => {
  if (dirty()) e.preventDefault();
});
