// The open groups of password health and its scroll position. They last while an item that it lists is open.
import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect } from "preact/hooks";
import { route } from "../../state/route";

const opened = signal<ReadonlySet<string>>(new Set());
let top = 0;

export const isOpen = (group: string) => opened.value.has(group);

export function setOpen(group: string, open: boolean) {
  if (isOpen(group) === open) return;
  const next = new Set(opened.value);
  if (open) next.add(group);
  else next.delete(group);
  opened.value = next;
}

const page = () => document.querySelector(".page");

/** Scrolls back to where an item was opened as soon as the findings are `ready`. */
export function usePlace(ready: boolean) {
  useLayoutEffect(() => {
    const box = page();
    if (!ready || !box) return;
    box.scrollTop = top;
    const remember = () => {
      top = box.scrollTop;
    };
    box.addEventListener("scroll", remember, { passive: true });
    return () => box.removeEventListener("scroll", remember);
  }, [ready]);
  useEffect(
    () => () => {
      if (route.value[0] === "item") return;
      opened.value = new Set();
      top = 0;
    },
    [],
  );
}
