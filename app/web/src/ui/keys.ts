// Listens to keys in the whole page.
import { useLayoutEffect, useRef } from "preact/hooks";

export const isTyping = (e: KeyboardEvent) =>
  e.target instanceof Element &&
  e.target.closest("input:not([type=checkbox],[type=radio],[type=range]), textarea, select") !== null;

type Action = () => void;

/** Runs the action that `find` returns for a key, unless a control has handled it or a dialog is open. */
export function useKeys(find: (e: KeyboardEvent) => Action | undefined) {
  const latest = useRef(find);
  latest.current = find;
  // Before the next paint: a key pressed right after must reach what has appeared.
  useLayoutEffect(() => {
    const listen = (e: KeyboardEvent) => {
      if (e.defaultPrevented || e.isComposing || document.querySelector("dialog[open]")) return;
      const action = latest.current(e);
      if (!action) return;
      e.preventDefault();
      action();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}
