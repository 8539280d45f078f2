// Where the keyboard focus goes when a screen appears or disappears.

const seen = new WeakSet<HTMLInputElement>();

/** Focuses an input when it appears, once. */
export function focusOnce(input: HTMLInputElement | null) {
  if (!input || seen.has(input)) return;
  seen.add(input);
  queueMicrotask(() => input.focus());
}

/** Where the focus goes when what had it is gone. */
export const focusList = () => requestAnimationFrame(() => document.getElementById("rows")?.focus());
