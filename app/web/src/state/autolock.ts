// Locks after idle time. Timers stop while a machine sleeps, so the clock decides: every tick, and every return to the page, compares
// the time with the last activity.
import { preferences } from "./app";
import { notifyTabs } from "./tabs";

const TICK_MS = 1000;
const ACTIVITY = ["pointerdown", "keydown", "wheel", "touchstart"] as const;
const RETURNS = ["focus", "pageshow"] as const;

let last = 0;
let notified = 0;
let onIdle: (() => void) | null = null;
let tick: ReturnType<typeof setInterval> | undefined;

function check() {
  if (onIdle && Date.now() - last >= preferences.value.autoLockMinutes * 60_000) onIdle();
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
  clearInterval(tick);
  for (const name of ACTIVITY) removeEventListener(name, onActivity, { capture: true });
  for (const name of RETURNS) removeEventListener(name, check);
  document.removeEventListener("visibilitychange", check);
}
