// The latest changes and how to undo them. A step may contain an older state of an item, so all steps are forgotten when the vault
// locks.
import { texts } from "../texts";
import { dismissToast, toast, toasts } from "./app";
import { handled } from "./app-errors";
import { notifyTabs } from "./tabs";
import { refresh } from "./vault";

interface Step {
  back: () => Promise<unknown>;
  toast?: number;
}

const MOST = 20;
let steps: Step[] = [];

/** Shows what was done, with a button to undo it. */
export function offerUndo(said: string, back: Step["back"]) {
  const step: Step = { back };
  steps = [...steps.slice(1 - MOST), step];
  step.toast = toast(said, "plain", { label: texts.value.edits.undo, run: () => void undo(step) });
}

async function undo(step: Step) {
  if (!steps.includes(step)) return;
  steps = steps.filter((s) => s !== step);
  dismissToast(step.toast ?? 0);
  const text = texts.value.edits;
  try {
    await step.back();
    await refresh();
    notifyTabs("changed");
    toast(text.undone);
  } catch (e) {
    if (!handled(e)) toast(text.notUndone, "problem");
  }
}

export function undoLast() {
  const step = steps.at(-1);
  if (step) void undo(step);
  else toast(texts.value.edits.nothingToUndo);
}

export function forgetSteps() {
  steps = [];
  for (const t of toasts.value) if (t.action) dismissToast(t.id);
}
