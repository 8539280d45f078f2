// The phase of the app. It decides, with the route, which screen is shown.
import { computed, signal } from "@preact/signals";
import type { AlarmState, ErrorCode, Finding } from "../core/protocol.gen";
import { applyTheme, type Preferences, readPreferences, writePreferences } from "./preferences";

export type Phase =
  | { at: "starting" }
  | { at: "broken"; code: ErrorCode } // the core could not be loaded, or crashed
  | { at: "signed_out" }
  | { at: "locked"; username: string }
  | { at: "unlocked"; username: string; copy?: OpenCopy }
  | { at: "alarm"; code: ErrorCode; findings: Finding[] }; // the server's vault was altered

/** A copy on this device that is open for reading. */
export interface OpenCopy {
  partial: boolean; // part of it is damaged
}

export const phase = signal<Phase>({ at: "starting" });
/** The copy that is open instead of the vault. It is read-only. */
export const copyOpen = computed(() => (phase.value.at === "unlocked" ? phase.value.copy : undefined));
/** Why the vault is in alarm, with what this device verified open for reading; null if it is not. */
export const alarm = signal<AlarmState["alarm"]>(null);
/** Nothing can be changed. A banner says why. */
export const readOnly = computed(() => copyOpen.value !== undefined || alarm.value !== null);
export const loaded = signal(0); // share of the core that is downloaded, 0 to 1
/** Whether the core has arrived, or why it could not be loaded. The forms are shown before it arrives, and wait for it. */
export const core = signal<{ ready: boolean; problem?: ErrorCode }>({ ready: false });
export const online = signal(true);

export const preferences = signal<Preferences>(readPreferences());

export function setPreferences(change: Partial<Preferences>) {
  preferences.value = { ...preferences.value, ...change };
  writePreferences(preferences.value);
  applyTheme(preferences.value.theme);
}

// Shown as a toast and announced in the aria-live region.
interface Toast {
  id: number;
  text: string;
  tone: "plain" | "brief" | "problem";
  action?: { label: string; run: () => void };
}

export const toasts = signal<Toast[]>([]);
let latest = 0; // id

/** The toast that arrived last, until it disappears. Screen readers must not hear an older one again. */
export const newestToast = computed(() => toasts.value.find((t) => t.id === latest));

const SHOWN_MS = { plain: 4500, brief: 2000, problem: 8000, action: 10_000 };
const MOST = 3;

/** A toast replaces the one of its kind, except that different problems are shown together. */
function kind({ action, tone, text }: Toast) {
  if (action) return "action";
  return tone === "problem" ? `problem ${text}` : "plain";
}

const timers = new Map<number, ReturnType<typeof setTimeout>>();
let paused = false; // they stay
let muted = false; // no new ones

export function toast(text: string, tone: Toast["tone"] = "plain", action?: Toast["action"]): number {
  const shown: Toast = { id: ++latest, text, tone, action };
  if (muted) return shown.id;
  toasts.value = [...toasts.value.filter((t) => kind(t) !== kind(shown)).slice(1 - MOST), shown];
  if (!paused) startTimer(shown);
  return shown.id;
}

function startTimer({ id, tone, action }: Toast) {
  clearTimeout(timers.get(id));
  timers.set(
    id,
    setTimeout(() => dismissToast(id), SHOWN_MS[action ? "action" : tone]),
  );
}

export function dismissToast(id: number) {
  clearTimeout(timers.get(id));
  timers.delete(id);
  toasts.value = toasts.value.filter((t) => t.id !== id);
}

/** Keeps the toasts while the user points at one or has the focus in one. */
export function pauseToasts(on: boolean) {
  if (paused === on) return;
  paused = on;
  for (const t of toasts.value) {
    if (on) clearTimeout(timers.get(t.id));
    else startTimer(t);
  }
}

/** Removes the toasts that only confirm something. A problem and an offer to undo stay. */
export const clearConfirmations = () => {
  for (const t of toasts.value) if (!t.action && t.tone !== "problem") dismissToast(t.id);
};

/** Removes all toasts and shows none until the vault is closed: they may name its items, and calls may still be running. */
export function muteToasts(on: boolean) {
  muted = on;
  for (const t of toasts.value) dismissToast(t.id);
}
