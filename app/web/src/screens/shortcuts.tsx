// The keyboard's shortcuts, and the list of them.
import { signal } from "@preact/signals";
import { phase } from "../state/app";
import { go } from "../state/route";
import { lock } from "../state/session";
import { Dialog } from "../ui/dialog";

const text = {
  title: "Keyboard shortcuts",
  rows: [
    ["/", "Search the vault"],
    ["N", "New entry"],
    ["↑ ↓ Home End", "Move in the list"],
    ["Enter", "Open the entry"],
    ["C", "Copy the password of the entry in the list"],
    ["U", "Copy its user name"],
    ["Ctrl Enter", "Save the form"],
    ["Esc", "Clear the search, close a dialog"],
    ["Alt L", "Lock"],
    ["?", "This list"],
  ],
};

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
  if (!listed.value) return null;
  return (
    <Dialog title={text.title} onClose={() => (listed.value = false)}>
      <dl class="dialog-body shortcuts">
        {text.rows.map(([keys, what]) => (
          <div key={keys}><dt>{keys!.split(" ").map((k) => <kbd key={k}>{k}</kbd>)}</dt><dd>{what}</dd></div>
        ))}
      </dl>
    </Dialog>
  );
}
