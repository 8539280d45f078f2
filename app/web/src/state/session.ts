// Moves the app between its phases: start, unlock, lock, sign out, alarm.
import { batch, signal } from "@preact/signals";
import * as api from "../core/api.gen";
import { askUsername } from "../core/early";
import { asCoreError, type CoreError } from "../core/error";
import { restart, start } from "../core/host";
import { texts } from "../texts";
import { copyOpen, core, loaded, muteToasts, online, type Phase, phase, preferences, toast } from "./app";
import { handled, onAppError } from "./app-errors";
import { startIdleClock, stopIdleClock } from "./autolock";
import { clearClipboardNow } from "./clipboard";
import { deviceName } from "./device";
import { closeDialogs } from "./dialogs";
import { dropDraft, forgetDraft, offerDraft, sealDraft } from "./draft";
import { askTabs, isAnswered, prepareTakeOver, staysUnlocked, stopAsking } from "./handover";
import { follow, unfollow } from "./live";
import { outdated } from "./release";
import { pageOf, replace, route } from "./route";
import { endSelection } from "./selection";
import { forgetStanding, setAdministrator } from "./standing";
import { notifyTabs } from "./tabs";
import { forgetSteps } from "./undo";
import { forget, refresh } from "./vault";

let closing: Promise<void> = Promise.resolve();

/** Resolves when the worker of the previous vault is gone, so that no call reaches it. */
export const vaultClosed = () => closing;

export async function boot() {
  if (globalThis.isSecureContext === false) {
    // plain HTTP: anyone on the network could read the master password
    phase.value = { at: "broken", code: "insecure" };
    return;
  }
  phase.value = { at: "starting" };
  restart(); // the worker may wait for the second factor of a sign-in
  form = showForm();
  await startCore();
}

/** Resolves when a form is shown, or only the core can tell which. */
let form: Promise<void> = Promise.resolve();

/** Shows the sign-in form, or asks for the master password, before the core has arrived. */
async function showForm() {
  const asked = globalThis.vaultsphereUsername ?? askUsername();
  globalThis.vaultsphereUsername = undefined;
  const username = await asked;
  if (phase.value.at !== "starting" || username === undefined || (username && staysUnlocked())) return;
  phase.value = username === null ? { at: "signed_out" } : { at: "locked", username };
}

/** Loads the core. May be called again after a failure: the forms keep what was typed, and calls that wait for the core continue. */
export async function startCore() {
  core.value = { ready: false };
  try {
    await start(
      (share) => (loaded.value = share),
      crashed,
      () => preferences.value.keepCopy,
    );
    core.value = { ready: true };
  } catch (e) {
    await failed(e);
    return;
  }
  try {
    if ((await resume("handover")) === "locked") askTabs();
  } catch (e) {
    // Where a form is shown, its next call gets the same error.
    if (phase.value.at === "starting") await failed(e);
  }
}

/** Says on the form why the core does not run. The form keeps its input. */
async function failed(e: unknown) {
  const { code } = asCoreError(e);
  await form; // it would be lost if the core failed first
  const { at } = phase.value;
  if (at === "signed_out" || at === "locked") core.value = { ready: false, problem: code };
  else phase.value = { at: "broken", code };
}

function crashed(message: string) {
  const { at } = phase.value;
  if (at === "unlocked" || at === "alarm") leaveVault();
  void failed(message);
}

let locks = 0; // how often a tab has locked

/** With "handover", opens the vault if this browser still has it unlocked. After locking, only the password opens it. */
async function resume(by?: "handover"): Promise<Phase["at"]> {
  try {
    const before = locks;
    if (by) await prepareTakeOver();
    const answer = await api.resume({ device: deviceName() });
    if (answer.state === "unlocked" && locks !== before) {
      restart(); // another tab locked meanwhile
      phase.value = { at: "locked", username: answer.username };
    } else if (answer.state === "unlocked") unlocked(answer.username, answer.offline);
    else if (answer.state === "locked") phase.value = { at: "locked", username: answer.username };
    else phase.value = { at: "signed_out" };
  } catch (e) {
    const problem = asCoreError(e);
    if (problem.code === "unauthorized") phase.value = { at: "signed_out" };
    else throw problem;
  }
  return phase.value.at;
}

/** Opens the vault that another tab has handed over. */
export async function takeOver() {
  if (isAnswered()) await resume("handover").catch(handled);
}

/** Opens a copy on this device for reading. It needs no session; its master password may be an old one. */
export async function openCopy(id: string, password: string) {
  await closing;
  const { username, partial } = await api.openCopy({ id, password });
  batch(() => {
    phase.value = { at: "unlocked", username, copy: { partial } };
    replace("vault");
  });
  startIdleClock(() => void lock("idle"));
  refresh().catch(handled);
}

/** Shows the vault after sign-in, unlock, registration or recovery; `offline`, it comes from the copy on this device. */
export function unlocked(username: string, offline = false) {
  stopAsking();
  batch(() => {
    online.value = !offline;
    phase.value = { at: "unlocked", username };
    if (!pageOf(route.value) && !["item", "new"].includes(route.value[0] ?? "")) replace("vault");
  });
  startIdleClock(() => void lock("idle"));
  if (offline) refresh().catch(handled); // there will be no sync to load the list
  follow();
  void offerDraft();
}

function leaveVault() {
  muteToasts(true);
  unfollow();
  stopIdleClock();
  clearClipboardNow();
  forget();
  forgetStanding();
  forgetSteps();
  forgetDraft();
  closeDialogs();
  endSelection();
  restart(); // the keys are only in the worker's memory
  muteToasts(false);
}

/** Unlocks after the worker of the previous vault is gone: a password typed quickly must not reach the old worker. */
export async function unlock(password: string) {
  await closing;
  const { username, offline } = await api.unlock({ password, device: deviceName() });
  unlocked(username, offline);
}

/** Locks: notifies the core, then terminates it. Works without the server. */
export function lock(why: "asked" | "idle" | "other tab"): Promise<void> {
  locks++;
  stopAsking();
  const now = phase.value;
  if (now.at !== "unlocked" && now.at !== "alarm") return closing;
  const copy = copyOpen.value !== undefined;
  const username = now.at === "unlocked" && !copy ? now.username : ""; // after an alarm or a copy, the server says whose session it is
  if (copy)
    replace("vault"); // the next vault may not have the same items
  else if (why !== "other tab") notifyTabs("lock");
  // Hide the screens first, whatever the core does: a call in flight must not keep a secret on the page.
  muteToasts(true);
  phase.value = username ? { at: "locked", username } : { at: "starting" };
  closing = leave(username);
  return closing;
}

const SEALING_MS = 500;

let leaving = false;

/** Seals the draft while the key is still there. The worker is terminated even if it does not respond. */
async function sealAndLeave() {
  leaving = true;
  const sealed = sealDraft()
    .then(() => api.lock())
    .catch(() => undefined);
  await Promise.race([sealed, new Promise((r) => setTimeout(r, SEALING_MS))]);
  try {
    leaveVault();
  } finally {
    leaving = false;
  }
}

async function leave(username: string) {
  await sealAndLeave();
  if (outdated.value) location.reload(); // nothing unsaved is open
  try {
    await resume();
  } catch (e) {
    const problem = asCoreError(e);
    if (problem.code !== "offline" && problem.code !== "cancelled") handled(problem);
    if (!username) phase.value = { at: "signed_out" };
  }
}

/** True while a dialog asks whether to sign out although changes on this device would be lost. */
export const wouldLose = signal(false);

export async function signOut(force = false) {
  wouldLose.value = false;
  const who = phase.value.at === "unlocked" || phase.value.at === "locked" ? phase.value.username : "";
  try {
    await logout(force);
  } catch (e) {
    const problem = asCoreError(e);
    if (problem.code === "unsent_changes") {
      wouldLose.value = true;
      return;
    }
    if (problem.code !== "unauthorized") {
      toast(texts.value.session.notReached, "problem");
      return;
    }
  }
  dropDraft(who); // signing out leaves nothing behind; a session that ended elsewhere keeps its draft
  notifyTabs("signed out");
  signedOut();
}

/** Locking cancels what the core does. If the user signs out right after it, that can hit the request to sign out. */
const logout = (force: boolean) =>
  api.logout({ force }).catch((e: unknown) => {
    if (asCoreError(e).code !== "cancelled") throw e;
    return api.logout({ force });
  });

export function signedOut() {
  leaveVault();
  replace("sign-in");
  phase.value = { at: "signed_out" };
}

/** Leaves the vault without asking, so it seals the draft first. */
function interrupted(to: Phase) {
  const open = phase.value.at === "unlocked";
  phase.value = to;
  if (open) {
    muteToasts(true);
    closing = sealAndLeave();
    return;
  }
  leaveVault();
  closing = Promise.resolve();
}

/** Handles errors that concern the whole app, such as an altered vault or an ended session. Returns false for any other. */
function handle(problem: CoreError): boolean {
  switch (problem.code) {
    case "vault_altered":
    case "vault_rolled_back":
    case "kdf_refused":
      // What the previous vault still answers must not replace the form that asks for the password.
      if (leaving) return true;
      interrupted({ at: "alarm", code: problem.code, findings: problem.findings });
      return true;
    case "unauthorized":
      if (phase.value.at === "signed_out") return false;
      replace("sign-in");
      interrupted({ at: "signed_out" });
      void closing.then(() => toast(texts.value.problem.unauthorized, "problem"));
      return true;
    case "locked":
      if (phase.value.at === "unlocked") void lock("other tab");
      return true;
    case "not_administrator":
      setAdministrator(false);
      return true;
    case "cancelled":
      return true;
    default:
      return false;
  }
}

onAppError(handle);
