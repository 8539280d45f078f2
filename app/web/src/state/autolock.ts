// Locks after idle time. Timers stop while a machine sleeps, so the clock decides: every tick, and every return to the page, compares
// the time with the last activity.
import { signal } from "@preact/signals";
import { preferences } from "./app";
import { UNTIL_CLOSED } from "./preferences";
import { notifyTabs } from "./tabs";

const TICK_MS = 1000;
const NOTICE_SECONDS = 30;
const ACTIVITY = ["pointerdown", "keydown", "wheel", "touchstart"] as const;
const RETURNS = ["focus", "pageshow"] as const;

/** Seconds until the vault locks, if that is soon. */
export const lockingIn = signal<number | null>(null);

let last = 0;
let notified = 0;
let onIdle: (() => void) | null = null;
let tick: ReturnType<typeof setInterval> | undefined;

function check() {
  const { autoLockMinutes } = preferences.value;
  const left = autoLockMinutes === UNTIL_CLOSED ? Infinity : Math.ceil(autoLockMinutes * 60 - (Date.now() - last) / 1000);
  if (onIdle && left <= 0) onIdle();
  // The next tick hides the notice, not the activity: a click must not miss what it moves.
  lockingIn.value = onIdle && left <= NOTICE_SECONDS ? left : null;
}

function onActivity() {
  // A key press wakes a machine that slept past the limit. It must not count as activity.
  check();
  if (!onIdle) return;
  last = Date.now();
  if (last - notified > 5000) {
    notified = last;
    notifyTabs("active");
  }
}

/** A click without a pointer or a key, such as from a screen reader. */
export const stayUnlocked = () => {
  onActivity();
  check();
};

/** Another tab of this browser reports activity. */
export function activeElsewhere() {
  last = Date.now();
}

export function startIdleClock(lock: () => void) {
  stopIdleClock();
  onIdle = lock;
  last = Date.now();
  tick = setInterval(check, TICK_MS);
  for (const name of ACTIVITY) addEventListener(name, onActivity, { capture: true, passive: true });
  for (const name of RETURNS) addEventListener(name, check);
  document.addEventListener("visibilitychange", check);
}

export function stopIdleClock() {
  onIdle = null;
  lockingIn.value = null;
  clearInterval(tick);
  for (const name of ACTIVITY) removeEventListener(name, onActivity, { capture: true });
  for (const name of RETURNS) removeEventListener(name, check);
  document.removeEventListener("visibilitychange", check);
}
