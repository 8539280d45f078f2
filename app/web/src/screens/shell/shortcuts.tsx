// The keyboard shortcuts and their list.

import { phase, preferences, readOnly } from "../../state/app";
import { paletteOpen, shortcutsListed } from "../../state/dialogs";
import { shortcutOf } from "../../state/keys";
import { go } from "../../state/route";
import { lock } from "../../state/session";
import { undoLast } from "../../state/undo";
import { texts } from "../../texts";
import { Dialog } from "../../ui/dialog";
import { isTyping } from "../../ui/keys";
import { commandKey, ofApple } from "./command-key";

const ROWS = [
  ["search", "/"],
  ["palette", "ctrl", "K"],
  ["new", "N"],
  ["move", "↑", "↓", "home", "end"],
  ["open", "enter"],
  ["copyPassword", "C"],
  ["copyUsername", "U"],
  ["copyCode", "T"],
  ["website", "O"],
  ["menu", "shift", "F10"],
  ["edit", "E"],
  ["favourite", "F"],
  ["select", "X"],
  ["range", "shift", "↓"],
  ["selectAll", "ctrl", "A"],
  ["trash", "delete"],
  ["undo", "ctrl", "Z"],
  ["save", "ctrl", "S"],
  ["escape", "esc"],
  ["lock", "Alt", "L"],
  ["help", "?"],
] as const;

const isSingle = (keys: readonly string[]) => keys.length === 1 && keys[0]!.length === 1;

function focusSearch() {
  const box = () => document.getElementById("search");
  if (box()?.checkVisibility()) {
    box()?.focus();
    return;
  }
  go("vault"); // phones show only the item, and other pages have no list
  requestAnimationFrame(() => box()?.focus());
}

export function handleShortcut(e: KeyboardEvent) {
  if (phase.value.at !== "unlocked" || e.isComposing) return;
  const key = shortcutOf(e);
  if (e.altKey && !e.ctrlKey && !e.metaKey && key === "l") {
    e.preventDefault();
    void lock("asked");
    return;
  }
  const command = (ofApple ? e.metaKey : e.ctrlKey) && !e.altKey && !e.shiftKey;
  if (command && key === "k" && !document.querySelector("dialog[open]")) {
    e.preventDefault();
    paletteOpen.value = true;
    return;
  }
  if (command && key === "z" && !isTyping(e) && !document.querySelector("dialog[open]")) {
    e.preventDefault();
    undoLast();
    return;
  }
  if (e.ctrlKey || e.metaKey || e.altKey || isTyping(e) || document.querySelector("dialog[open]")) return;
  const actions: Record<string, () => void> = {
    "/": focusSearch,
    ...(!readOnly.value && { n: () => go("new") }),
    "?": () => (shortcutsListed.value = true),
  };
  const action = actions[key];
  if (!action) return;
  e.preventDefault();
  action();
}

export function Shortcuts() {
  const text = texts.value.shortcuts;
  const names = { ...texts.value.shortcuts.keys, ctrl: commandKey() };
  if (!shortcutsListed.value) return null;
  const rows = ROWS.filter(([, ...keys]) => preferences.value.singleKeys || !isSingle(keys));
  return (
    <Dialog title={text.title} onClose={() => (shortcutsListed.value = false)}>
      <dl class="dialog-body shortcuts">
        {rows.map(([what, ...keys]) => (
          <div key={what}>
            <dt>
              {keys.map((k) => (
                <kbd key={k}>{names[k as keyof typeof names] ?? k}</kbd>
              ))}
            </dt>
            <dd>{text[what]}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
