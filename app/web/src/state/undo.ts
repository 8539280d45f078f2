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

/** The steps that the latest toast counts together: its button undoes them all. */
let counted: { kind: string; count: number; steps: Step[] } | undefined;

/** Whether the toast of the counted steps is still shown, all of them can be undone, and `kind` is theirs. */
const continues = (kind: string) =>
  counted?.kind === kind &&
  counted.steps.length < MOST &&
  counted.steps.every((s) => steps.includes(s)) &&
  toasts.value.some((t) => t.id === counted?.steps.at(-1)?.toast);

/** Shows what was done, with a button to undo it. Equal changes in a row share one toast if `said` can count them. */
export function offerUndo(said: string | ((count: number) => string), back: Step["back"], count = 1) {
  const step: Step = { back };
  const kind = typeof said === "string" ? said : said(2); // for one item, the text names it
  const before = typeof said === "function" && counted && continues(kind) ? counted : { count: 0, steps: [] };
  const group = { kind, count: before.count + count, steps: [...before.steps, step] };
  counted = group;
  steps = [...steps.slice(1 - MOST), step];
  step.toast = toast(typeof said === "string" ? said : said(group.count), "plain", {
    label: texts.value.edits.undo,
    run: () => void undo(group.steps),
  });
}

/** Undoes the steps, the last one first. */
async function undo(these: Step[]) {
  const left = steps.filter((s) => these.includes(s)).reverse();
  if (left.length === 0) return;
  steps = steps.filter((s) => !these.includes(s));
  for (const step of left) dismissToast(step.toast ?? 0);
  const text = texts.value.edits;
  try {
    try {
      for (const step of left) await step.back();
    } finally {
      await refresh(); // the steps before a failure are undone
      notifyTabs("changed");
    }
    toast(text.undone, "brief");
  } catch (e) {
    if (!handled(e)) toast(text.notUndone, "problem");
  }
}

export function undoLast() {
  const step = steps.at(-1);
  if (step) void undo([step]);
  else toast(texts.value.edits.nothingToUndo);
}

export function forgetSteps() {
  steps = [];
  counted = undefined;
}
