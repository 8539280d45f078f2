// Locks after idle time. Timers stop while a machine sleeps, so what counts is the clock: every tick, and every
// return to the page, compares now with the last sign of life.
import { preferences } from "./app";
import { tellOthers } from "./tabs";

const TICK_MS = 1000;
const SIGNS = ["pointerdown", "keydown", "wheel", "touchstart"] as const;
const RETURNS = ["focus", "pageshow"] as const;

let last = 0;
let told = 0;
let onIdle: (() => void) | null = null;
let tick: ReturnType<typeof setInterval> | undefined;

function check() {
  if (onIdle && Date.now() - last >= preferences.value.autoLockMinutes * 60_000) onIdle();
}

function alive() {
  // A machine that slept through the limit wakes with a key press: that must not count as activity.
  check();
  if (!onIdle) return;
  last = Date.now();
  if (last - told > 5000) {
    told = last;
    tellOthers("active");
  }
}

/** Another tab of this browser is in use. */
export function activeElsewhere() {
  last = Date.now();
}

export function startIdleClock(lock: () => void) {
  stopIdleClock();
  onIdle = lock;
  last = Date.now();
  tick = setInterval(check, TICK_MS);
  for (const name of SIGNS) addEventListener(name, alive, { capture: true, passive: true });
  for (const name of RETURNS) addEventListener(name, check);
  document.addEventListener("visibilitychange", check);
}

export function stopIdleClock() {
  onIdle = null;
  clearInterval(tick);
  for (const name of SIGNS) removeEventListener(name, alive, { capture: true });
  for (const name of RETURNS) removeEventListener(name, check);
  document.removeEventListener("visibilitychange", check);
}
