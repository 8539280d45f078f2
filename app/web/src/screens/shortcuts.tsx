// The keyboard's shortcuts, and the list of them.
import { signal } from "@preact/signals";
import { m } from "../messages";
import { phase } from "../state/app";
import { go } from "../state/route";
import { lock } from "../state/session";
import { Dialog } from "../ui/dialog";

const ROWS = [
  ["search", "/"], ["new", "N"], ["move", "↑", "↓", "home", "end"], ["open", "enter"], ["copyPassword", "C"],
  ["copyUsername", "U"], ["save", "ctrl", "enter"], ["escape", "esc"], ["lock", "Alt", "L"], ["help", "?"],
] as const;

const listed = signal(false);

const isTyping = (e: KeyboardEvent) =>
  e.target instanceof Element && e.target.closest("input:not([type=checkbox],[type=radio],[type=range]), textarea, select") !== null;

function focusSearch() {
  const box = () => document.getElementById("search");
  if (box()?.checkVisibility()) {
    box()?.focus();
    return;
  }
  go("vault"); // the phone shows the entry alone, the settings have no list
  requestAnimationFrame(() => box()?.focus());
}

export function handleShortcut(e: KeyboardEvent) {
  if (phase.value.at !== "unlocked" || e.isComposing) return;
  if (e.altKey && !e.ctrlKey && !e.metaKey && e.code === "KeyL") {
    e.preventDefault();
    void lock("asked");
    return;
  }
  if (e.ctrlKey || e.metaKey || e.altKey || isTyping(e) || document.querySelector("dialog[open]")) return;
  const actions: Record<string, () => void> = {
    "/": focusSearch,
    n: () => go("new"),
    "?": () => (listed.value = true),
  };
  const action = actions[e.key];
  if (!action) return;
  e.preventDefault();
  action();
}

export function Shortcuts() {
  const text = m.value.shortcuts;
  if (!listed.value) return null;
  return (
    <Dialog title={text.title} onClose={() => (listed.value = false)}>
      <dl class="dialog-body shortcuts">
        {ROWS.map(([what, ...keys]) => (
          <div key={what}><dt>{keys.map((k) => <kbd key={k}>{text.keys[k as keyof typeof text.keys] ?? k}</kbd>)}</dt><dd>{text[what]}</dd></div>
        ))}
      </dl>
    </Dialog>
  );
}
