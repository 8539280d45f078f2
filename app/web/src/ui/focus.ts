// Moves the keyboard focus when a screen appears or disappears.
import type { RefObject } from "preact";

const seen = new WeakSet<HTMLInputElement>();

/** Focuses an input once, when it appears. */
export function focusOnce(input: HTMLInputElement | null) {
  if (!input || seen.has(input)) return;
  seen.add(input);
  queueMicrotask(() => input.focus());
}

/** Focuses an element if the focused one is gone by the next frame. */
export const unlessFocused = (to: RefObject<HTMLElement | null>) =>
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) to.current?.focus();
  });

/** Focuses the list after the focused element is gone, or its heading if the list is empty. The list scrolls to its active row itself. */
export const focusList = () =>
  requestAnimationFrame(() =>
    (document.getElementById("rows") ?? document.querySelector<HTMLElement>(".list-title h1"))?.focus({ preventScroll: true }),
  );
