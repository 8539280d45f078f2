// The phase of the app. It decides, with the route, which screen is shown.
import { computed, signal } from "@preact/signals";
import type { ErrorCode, Finding } from "../core/protocol.gen";
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
export const loaded = signal(0); // share of the core that is downloaded, 0 to 1
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
  tone: "plain" | "problem";
  action?: { label: string; run: () => void };
}

export const toasts = signal<Toast[]>([]);
let nextToast = 1;

const SHOWN_MS = { plain: 4500, problem: 8000, action: 10_000 };

export function toast(text: string, tone: Toast["tone"] = "plain", action?: Toast["action"]): number {
  const id = nextToast++;
  toasts.value = [...toasts.value.slice(-2), { id, text, tone, action }];
  setTimeout(() => dismissToast(id), SHOWN_MS[action ? "action" : tone]);
  return id;
}

export function dismissToast(id: number) {
  toasts.value = toasts.value.filter((t) => t.id !== id);
}
