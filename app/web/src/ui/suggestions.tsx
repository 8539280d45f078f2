// Suggestions below an input, after the combobox pattern of the ARIA Authoring Practices Guide: the focus stays in the input.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { fold } from "./words";

export interface Suggestion {
  value: string;
  label: string;
}

const MOST = 50; // shown; typing narrows the rest

/** The texts that contain what is typed, those that begin with it first. */
export function matching(texts: string[], typed: string): string[] {
  const wanted = fold(typed);
  const begin = texts.filter((t) => fold(t).startsWith(wanted));
  const contain = texts.filter((t) => !fold(t).startsWith(wanted) && fold(t).includes(wanted));
  return [...begin, ...contain].slice(0, MOST);
}

/** Returns the attributes of the input, the list, and a key handler that reports whether it used the key. */
export function useSuggestions(label: string, options: Suggestion[], onPick: (value: string) => void) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const list = useRef<HTMLDivElement>(null);
  const shown = open && options.length > 0;
  const active = shown ? options[at] : undefined;
  useEffect(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }), [at]);

  const close = () => {
    setOpen(false);
    setAt(-1);
  };
  const show = () => {
    setOpen(true);
    setAt(-1);
  };
  const pick = (value: string) => {
    close();
    onPick(value);
  };
  const move = (by: number) => setAt((((at < 0 && by < 0 ? 0 : at) + by + options.length) % options.length) as number);
  const onKey = (e: KeyboardEvent): boolean => {
    if (e.isComposing || e.ctrlKey || e.metaKey || e.altKey || !shown) return false;
    if (e.key === "ArrowDown") move(1);
    else if (e.key === "ArrowUp") move(-1);
    else if (e.key === "Escape") close();
    else if ((e.key === "Enter" || (e.key === "Tab" && !e.shiftKey)) && active) pick(active.value);
    else return false;
    e.preventDefault();
    return true;
  };
  return {
    show,
    close,
    onKey,
    attributes: {
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": shown,
      "aria-controls": shown ? id : undefined,
      "aria-activedescendant": active ? `${id}-${at}` : undefined,
    } as object,
    popup: shown && (
      <div ref={list} class="suggestions" id={id} role="listbox" aria-label={label}>
        {options.map((o, i) => (
          <div
            key={o.value}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === at}
            tabIndex={-1}
            dir="auto"
            onMouseDown={(e) => e.preventDefault()} // the focus stays in the input
            onClick={() => pick(o.value)}
          >
            {o.label}
          </div>
        ))}
      </div>
    ),
  };
}
