// Keeps the vault unlocked over reloads and in other tabs until the browser closes, for people who chose that. core/handover.ts has
// what crosses.
import { effect } from "@preact/signals";
import * as api from "../core/api.gen";
import type { HandoverMessage } from "../core/handover";
import { connectHandover } from "../core/host";
import { copyOpen, phase, preferences } from "./app";
import { UNTIL_CLOSED } from "./preferences";
import { notifyTabs } from "./tabs";

const RENEW_MS = 20_000; // browsers end a service worker that has nothing to do for 30 seconds

export const staysUnlocked = () => preferences.value.autoLockMinutes === UNTIL_CLOSED;

async function serviceWorker(): Promise<ServiceWorker | null> {
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined; // absent on plain HTTP
  return workers?.controller ?? (await workers?.getRegistration())?.active ?? null;
}

const send = (to: ServiceWorker | null, message: HandoverMessage, transferred: Transferable[] = []) =>
  to?.postMessage(message, transferred);

/** Lets the core reach the service worker in its next call. Returns false if there is none. */
async function connect(): Promise<boolean> {
  const to = await serviceWorker();
  if (!to) return false;
  const { port1, port2 } = new MessageChannel();
  send(to, { handover: "connect" }, [port1]);
  await connectHandover(port2);
  return true;
}

let work: Promise<unknown> = Promise.resolve(); // in order: nothing may be remembered after it was forgotten
const inOrder = (step: () => Promise<unknown>) => {
  work = work.then(step).catch(() => undefined); // without it, a reload locks
  return work;
};

let active = false;

async function handOver() {
  if (active && (await connect())) await api.handOver();
}

let timer: ReturnType<typeof setInterval> | undefined;
const renew = () => void inOrder(handOver);
const forget = async () => send(await serviceWorker(), { handover: "forget" });

/** Whatever ends the unlocked phase also ends this: locking, signing out, an alarm, a crash. */
effect(() => {
  const next = staysUnlocked() && phase.value.at === "unlocked" && !copyOpen.value;
  if (next === active) return;
  active = next;
  clearInterval(timer);
  if (active) {
    renew();
    timer = setInterval(renew, RENEW_MS);
  } else void inOrder(forget);
});

(navigator.serviceWorker as ServiceWorkerContainer | undefined)?.addEventListener("controllerchange", renew);
document.addEventListener("visibilitychange", renew);

let asking = false; // since this tab was opened, until it is unlocked or locked

/** Before the core resumes the session: connects it to what another tab, or this one before a reload, left. */
export const prepareTakeOver = () => (staysUnlocked() ? connect().catch(() => false) : Promise.resolve(false));

/** Asks the other tabs for a vault that is unlocked. The browser may have ended the service worker while they were hidden. */
export function askTabs() {
  if (!staysUnlocked()) return;
  asking = true;
  notifyTabs("hand over");
}

export const stopAsking = () => {
  asking = false;
};

/** Another tab asks. */
export async function answerTab() {
  if (!active) return;
  await inOrder(handOver);
  if (active) notifyTabs("handed over");
}

/** Another tab has answered. Returns whether this tab may take over. */
export const isAnswered = () => asking && phase.value.at === "locked";
