// How the changes of other devices get here: the core follows the server's vault, as long as the page is seen.
import * as api from "../core/api.gen";
import { fail } from "./app-errors";
import { serverIsAt, syncNow } from "./vault";

let following = false;
let stream: AbortController | undefined;

/** Keeps the unlocked vault up to date until `unfollow`. A page that nobody sees waits until it is seen. */
export function follow() {
  following = true;
  wake();
}

export function unfollow() {
  following = false;
  stream?.abort();
}

/** Syncs and connects again, for what was connected before may be dead: the network is another one, or the device slept. */
function wake() {
  stream?.abort();
  if (!following || document.visibilityState !== "visible") return;
  void syncNow();
  stream = new AbortController();
  api.follow(({ revision, lost }) => (lost ? void syncNow() : serverIsAt(revision)), stream.signal).catch(fail);
}

addEventListener("online", wake);
document.addEventListener("visibilitychange", wake);
