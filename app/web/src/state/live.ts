// How the changes of other devices get here: the server says when the vault has another revision (server-sent events),
// and where no stream can be had the page asks once a minute.
import { EVENT_ENDED, EVENT_REVISION, PATH_EVENTS, type RevisionEvent } from "../core/protocol.gen";
import { serverIsAt, syncNow } from "./vault";

const ASK_EVERY_MS = 60_000;
const QUIET_MS = 5 * 60_000; // the server ends a stream after four minutes: one that says nothing for longer is dead
const PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;

let following = false;
let source: EventSource | undefined;
let heard = 0; // when the server last spoke
let failures = 0; // in a row
let ask: ReturnType<typeof setInterval> | undefined;
let again: ReturnType<typeof setTimeout> | undefined;

const visible = () => document.visibilityState === "visible";
const alive = () => source?.readyState === EventSource.OPEN && Date.now() - heard < QUIET_MS;

/** Keeps the unlocked vault up to date until `unfollow`. A page that nobody sees waits until it is seen. */
export function follow() {
  unfollow();
  following = true;
  failures = 0;
  ask = setInterval(askInstead, ASK_EVERY_MS);
  wake();
}

export function unfollow() {
  following = false;
  clearInterval(ask);
  disconnect();
}

function disconnect() {
  clearTimeout(again);
  source?.close();
  source = undefined;
}

function connect() {
  disconnect();
  source = new EventSource(PATH_EVENTS);
  source.addEventListener(EVENT_REVISION, (e: MessageEvent<string>) => {
    heard = Date.now();
    failures = 0;
    serverIsAt((JSON.parse(e.data) as RevisionEvent).revision);
  });
  source.addEventListener(EVENT_ENDED, () => {
    disconnect();
    void syncNow(); // is refused, and leads to the sign-in
  });
  source.addEventListener("error", lost);
}

/** The stream ended. The browser opens another by itself, unless it was answered with an error. */
function lost() {
  if (++failures === 2) void syncNow(); // tells whether the server can be reached at all
  if (source?.readyState !== EventSource.CLOSED) return;
  const pause = Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** failures);
  again = setTimeout(connect, pause * (0.5 + Math.random() / 2)); // not all pages at once
}

function askInstead() {
  if (!visible() || alive()) return;
  void syncNow();
  if (source?.readyState === EventSource.OPEN) connect();
}

function wake() {
  if (!following) return;
  if (!visible()) {
    disconnect();
    return;
  }
  void syncNow();
  if (!alive()) connect();
}

addEventListener("online", wake);
document.addEventListener("visibilitychange", wake);
