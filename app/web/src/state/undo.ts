// What was done last, and how each of it is taken back. A step may hold what an entry was before, so all of it goes when
// the vault locks.
import { texts } from "../texts";
import { dismissToast, toast, toasts } from "./app";
import { fail } from "./app-errors";
import { tellOthers } from "./tabs";
import { refresh } from "./vault";

interface Step {
  back: () => Promise<unknown>;
  toast?: number;
}

const MOST = 20;
let steps: Step[] = [];

/** Says what was done, with a button that takes it back. */
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
    tellOthers("changed");
    toast(text.undone);
  } catch (e) {
    if (!fail(e)) toast(text.notUndone, "problem");
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
