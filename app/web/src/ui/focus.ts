// Moves the keyboard focus when a screen appears or disappears.

const seen = new WeakSet<HTMLInputElement>();

/** Focuses an input once, when it appears. */
export function focusOnce(input: HTMLInputElement | null) {
  if (!input || seen.has(input)) return;
  seen.add(input);
  queueMicrotask(() => input.focus());
}

/** Focuses the list after the focused element is gone, or its heading if the list is empty. The list scrolls to its active row itself. */
export const focusList = () =>
  requestAnimationFrame(() =>
    (document.getElementById("rows") ?? document.querySelector<HTMLElement>(".list-title h1"))?.focus({ preventScroll: true }),
  );
