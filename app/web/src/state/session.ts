// The passages between the app's states: start, unlock, lock, sign out, alarm.
import { batch, signal } from "@preact/signals";
import * as api from "../core/api.gen";
import { asCoreError, type CoreError } from "../core/error";
import { restart, start } from "../core/host";
import { texts } from "../texts";
import { copyOpen, loaded, online, type Phase, phase, preferences, toast } from "./app";
import { fail, handleProblems } from "./app-errors";
import { startIdleClock, stopIdleClock } from "./autolock";
import { clearClipboardNow } from "./clipboard";
import { deviceName } from "./device";
import { closeDialogs } from "./dialogs";
import { dropDraft, forgetDraft, offerDraft, sealDraft } from "./draft";
import { follow, unfollow } from "./live";
import { outdated } from "./release";
import { pageOf, replace, route } from "./route";
import { endSelection } from "./selection";
import { tellOthers } from "./tabs";
import { forgetSteps } from "./undo";
import { forget, refresh } from "./vault";

let leaving: Promise<void> = Promise.resolve();

/** The worker of the vault that was open is gone: what is asked now must not go to the old one. */
export const left = () => leaving;

export async function boot() {
  if (globalThis.isSecureContext === false) {
    // plain HTTP from elsewhere: whoever is in between could read a master password
    phase.value = { at: "broken", code: "insecure" };
    return;
  }
  phase.value = { at: "starting" };
  try {
    await start(
      (share) => (loaded.value = share),
      crashed,
      () => preferences.value.keepCopy,
    );
    await resume();
  } catch (e) {
    phase.value = { at: "broken", code: asCoreError(e).code };
  }
}

function crashed(message: string) {
  leaveVault();
  phase.value = { at: "broken", code: asCoreError(message).code };
}

async function resume() {
  try {
    const answer = await api.resume();
    if (answer.state === "unlocked") unlocked(answer.username);
    else if (answer.state === "locked") phase.value = { at: "locked", username: answer.username };
    else phase.value = { at: "signed_out" };
  } catch (e) {
    const problem = asCoreError(e);
    if (problem.code === "unauthorized") phase.value = { at: "signed_out" };
    else throw problem;
  }
}

/** Opens a copy on this device to read it. Its password may be an old one, so that no session is needed. */
export async function openCopy(id: string, password: string) {
  await leaving;
  const { username, partial } = await api.openCopy({ id, password });
  batch(() => {
    phase.value = { at: "unlocked", username, copy: { partial } };
    replace("vault");
  });
  startIdleClock(() => void lock("idle"));
  refresh().catch(fail);
}

/** Opens the vault's screens; sign-in, unlock, registration and recovery all end here. Offline, the copy on this device. */
export function unlocked(username: string, offline = false) {
  batch(() => {
    online.value = !offline;
    phase.value = { at: "unlocked", username };
    if (!pageOf(route.value) && !["item", "new"].includes(route.value[0] ?? "")) replace("vault");
  });
  startIdleClock(() => void lock("idle"));
  if (offline) refresh().catch(fail); // no sync will bring the list
  follow();
  void offerDraft();
}

function leaveVault() {
  unfollow();
  stopIdleClock();
  clearClipboardNow();
  forget();
  forgetSteps();
  forgetDraft();
  closeDialogs();
  endSelection();
  restart(); // the keys go with the worker's memory
}

/** Unlocks, once the worker of the vault that was open is gone: a quick password must not go to the old one. */
export async function unlock(password: string) {
  await leaving;
  const { username, offline } = await api.unlock({ password, device: deviceName() });
  unlocked(username, offline);
}

/** Locks: tells the core, then ends it. Works without the server. */
export function lock(why: "asked" | "idle" | "other tab"): Promise<void> {
  const now = phase.value;
  if (now.at !== "unlocked" && now.at !== "alarm") return leaving;
  const copy = copyOpen.value !== undefined;
  const username = now.at === "unlocked" && !copy ? now.username : ""; // whose session it is, the server says
  if (copy)
    replace("vault"); // what was read there is not what is opened next
  else if (why !== "other tab") tellOthers("lock");
  // The screens go first, whatever the core does: a call under way must not keep a secret on the page.
  phase.value = username ? { at: "locked", username } : { at: "starting" };
  leaving = leave(username);
  return leaving;
}

const SEALING_MS = 500;

/** What is being written is sealed while there is a key. Busy or gone: the worker ends either way. */
async function sealAndLeave() {
  const told = sealDraft()
    .then(() => api.lock())
    .catch(() => undefined);
  await Promise.race([told, new Promise((r) => setTimeout(r, SEALING_MS))]);
  leaveVault();
}

async function leave(username: string) {
  await sealAndLeave();
  if (outdated.value) location.reload(); // nothing is open that could be lost
  try {
    await resume();
  } catch (e) {
    const problem = asCoreError(e);
    if (problem.code !== "offline" && problem.code !== "cancelled") fail(problem);
    if (!username) phase.value = { at: "signed_out" };
  }
}

/** Signing out was asked for, and would lose changes that wait on this device: shall it? */
export const wouldLose = signal(false);

export async function signOut(force = false) {
  wouldLose.value = false;
  const who = phase.value.at === "unlocked" || phase.value.at === "locked" ? phase.value.username : "";
  try {
    await api.logout({ force });
  } catch (e) {
    const problem = asCoreError(e);
    if (problem.code === "unsent_changes") {
      wouldLose.value = true;
      return;
    }
    if (problem.code !== "unauthorized") {
      toast(texts.value.session.notTold, "problem");
      return;
    }
  }
  dropDraft(who); // signing out leaves nothing behind; a session that ended elsewhere does not ask, and leaves it
  tellOthers("signed out");
  signedOut();
}

export function signedOut() {
  leaveVault();
  replace("sign-in");
  phase.value = { at: "signed_out" };
}

/** Leaves the vault for another screen, and seals first what is being written: nobody was asked. */
function interrupted(to: Phase) {
  const open = phase.value.at === "unlocked";
  phase.value = to;
  if (open) {
    leaving = sealAndLeave();
    return;
  }
  leaveVault();
  leaving = Promise.resolve();
}

/** Handles an error that concerns the whole app, and reports whether it was one: an altered vault, an ended session. */
function handle(problem: CoreError): boolean {
  switch (problem.code) {
    case "vault_altered":
    case "vault_rolled_back":
    case "kdf_refused":
      interrupted({ at: "alarm", code: problem.code, findings: problem.findings });
      return true;
    case "unauthorized":
      if (phase.value.at === "signed_out") return false;
      replace("sign-in");
      interrupted({ at: "signed_out" });
      toast(texts.value.problem.unauthorized, "problem");
      return true;
    case "locked":
      if (phase.value.at === "unlocked") void lock("other tab");
      return true;
    case "cancelled":
      return true;
    default:
      return false;
  }
}

handleProblems(handle);
