// Follows changes of other devices: the core listens to the server while the page is visible.
import * as api from "../core/api.gen";
import { handled } from "./app-errors";
import { readStanding } from "./standing";
import { serverIsAt, syncNow } from "./vault";

let following = false;
let stream: AbortController | undefined;

/** Keeps the unlocked vault up to date until `unfollow`. A hidden page pauses until it is visible. */
export function follow() {
  following = true;
  wake();
}

export function unfollow() {
  following = false;
  stream?.abort();
}

/** Syncs and reconnects. The old connection may be dead after a change of network or after sleep. */
function wake() {
  stream?.abort();
  if (!following || document.visibilityState !== "visible") return;
  void syncNow().then(readStanding);
  stream = new AbortController();
  api.follow((now) => (now.lost ? void syncNow() : serverIsAt(now)), stream.signal).catch(handled);
}

addEventListener("online", wake);
document.addEventListener("visibilitychange", wake);
