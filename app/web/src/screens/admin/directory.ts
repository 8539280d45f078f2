// The users of the server and the open invitations, as an administrator sees them.
import { effect, signal } from "@preact/signals";
import * as api from "../../core/api.gen";
import { asCoreError, CoreError } from "../../core/error";
import type { AdminUser, OpenInvitation, UserAct } from "../../core/protocol.gen";
import { online } from "../../state/app";
import { handled } from "../../state/app-errors";
import { fold } from "../../ui/words";

/** In the order of the server; null until the first are read. */
export const users = signal<AdminUser[] | null>(null);
/** `users` has all of them. */
export const complete = signal(false);
/** The newest first; null until they are read. */
export const invitations = signal<OpenInvitation[] | null>(null);
/** Why the last reading failed. The lists stay as they were. */
export const problem = signal<CoreError | null>(null);
export const reading = signal(false);

const MOST = 100_000; // users; app/client/admin.go has the same limit
const EVERY_MS = 15_000;

let latest = 0; // the number of the newest reading; older ones change nothing any more

/** Reads both lists. */
export async function read() {
  const own = ++latest;
  const current = () => own === latest;
  reading.value = true;
  try {
    await Promise.all([readInvitations(current), readUsers(current)]);
    if (current()) problem.value = null;
  } catch (e) {
    if (!handled(e) && current()) problem.value = asCoreError(e);
  } finally {
    if (current()) reading.value = false;
  }
}

const newestFirst = (list: OpenInvitation[]) => [...list].reverse();

async function readInvitations(current: () => boolean) {
  const answer = await api.invitations();
  if (current()) invitations.value = newestFirst(answer.invitations);
}

/** Shows the first users as soon as they are read, but keeps a complete list until the next one is complete. */
async function readUsers(current: () => boolean) {
  const all: AdminUser[] = [];
  for (let more = true; more; ) {
    const page = await api.users({ after: all.at(-1)?.username ?? "" });
    if (!current()) return;
    all.push(...page.users);
    more = page.more;
    if (all.length > MOST) throw new CoreError("bad_answer");
    if (more && complete.value) continue;
    users.value = [...all];
    complete.value = !more;
  }
}

/** Notices that an invitation was used or revoked. Then the users may be others too. */
async function lookAtInvitations() {
  const before = invitations.value;
  if (reading.value || !before?.length || document.visibilityState !== "visible") return;
  const own = latest;
  try {
    const { invitations: now } = await api.invitations();
    if (own !== latest) return;
    if (before.every(({ id }) => now.some((i) => i.id === id))) invitations.value = newestFirst(now);
    else await read();
  } catch (e) {
    handled(e); // the next look may succeed
  }
}

const readIfVisible = () => {
  if (document.visibilityState === "visible") void read();
};

/** Reads the lists and keeps them up to date. Returns a function that ends that and forgets them. */
export function open(): () => void {
  void read();
  const timer = setInterval(() => void lookAtInvitations(), EVERY_MS);
  const stop = effect(() => {
    if (online.value && problem.peek()?.code === "offline") void read();
  });
  document.addEventListener("visibilitychange", readIfVisible);
  addEventListener("online", readIfVisible);
  return () => {
    latest++;
    clearInterval(timer);
    stop();
    document.removeEventListener("visibilitychange", readIfVisible);
    removeEventListener("online", readIfVisible);
    users.value = null;
    complete.value = false;
    invitations.value = null;
    problem.value = null;
    reading.value = false;
  };
}

/** False if the server no longer has what should change: then the lists are read again. */
async function changes(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
  } catch (e) {
    if (asCoreError(e).code !== "not_found") throw e;
    void read();
    return false;
  }
  await read();
  return true;
}

export const change = ({ username, user_id }: AdminUser, act: UserAct, password: string) =>
  changes(() => api.changeUser({ act, username, user_id, password }));

export const revoke = ({ id }: OpenInvitation) => changes(() => api.revokeInvitation({ id }));

/** The only administrator who can sign in. The server does not let the user go. */
export function lastAdministrator(all: AdminUser[]): AdminUser | undefined {
  const [first, ...others] = all.filter((u) => u.administrator && !u.suspended);
  return others.length ? undefined : first;
}

/** What an administrator can do to a user. Settings have the deletion of the own account: it also deletes what this device has. */
export function actsOn(user: AdminUser, last: AdminUser | undefined, own: string): UserAct[] {
  if (user.user_id === last?.user_id) return [];
  if (user.deletion) return ["resume", "delete"];
  const role = user.administrator ? "demote" : "promote";
  if (user.username === own) return [role, user.suspended ? "resume" : "suspend"];
  return [role, ...(user.suspended ? (["resume"] as const) : (["suspend", "unthrottle"] as const)), "remove", "delete"];
}

export function named(all: AdminUser[], words: string): AdminUser[] {
  const wanted = fold(words.trim());
  return wanted ? all.filter((u) => fold(u.username).includes(wanted)) : all;
}
