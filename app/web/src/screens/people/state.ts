// Whom the user has verified, and the user's invitations.
import { effect, signal } from "@preact/signals";
import * as api from "../../core/api.gen";
import { asCoreError, type CoreError } from "../../core/error";
import type { CheckedPerson, OwnCard, SentInvitation, VerifiedPerson } from "../../core/protocol.gen";
import { online } from "../../state/app";
import { handled } from "../../state/app-errors";
import { administrator } from "../../state/standing";
import { all } from "../../state/vault";

export const own = signal<OwnCard | null>(null);
/** By username; null until they are read. */
export const people = signal<VerifiedPerson[] | null>(null);
/** How many records of verified people are of a newer version. */
export const unreadable = signal(0);
/** What the server shows of each person, by the key of personKey(). */
export const checked = signal<ReadonlyMap<string, CheckedPerson>>(new Map());
/** Those that nobody used come last; null until they are read. */
export const invitations = signal<SentInvitation[] | null>(null);
/** Why the server could not be asked. The lists stay as they were. */
export const problem = signal<CoreError | null>(null);
export const reading = signal(false);

const EVERY_MS = 15_000;

let latest = 0; // the number of the newest reading; older ones change nothing any more

/** A person can be in the list twice, if two devices have verified different keys. */
export const personKey = ({ user_id, fingerprint }: Pick<VerifiedPerson, "user_id" | "fingerprint">) =>
  `${user_id} ${fingerprint}`;

async function readKnown() {
  const [card, list] = await Promise.all([api.ownCard(), api.people()]);
  own.value = card;
  people.value = list.people;
  unreadable.value = list.unreadable;
}

const ORDER = { forged: 0, proven: 1, open: 2, expired: 3 } as const;

/** What needs the user comes first. Then the links that work for the longest time. */
export const inOrder = (list: SentInvitation[]) =>
  [...list].sort((a, b) => ORDER[a.state] - ORDER[b.state] || b.expires.localeCompare(a.expires) || a.id.localeCompare(b.id));

async function readInvitations(current: () => boolean) {
  if (!administrator.value) return;
  const { invitations: list } = await api.sentInvitations();
  if (current()) invitations.value = inOrder(list);
}

async function check(current: () => boolean) {
  const before = people.value?.map(personKey).join();
  const { people: list } = await api.checkPeople();
  if (!current()) return;
  checked.value = new Map(list.map((p) => [personKey(p), p]));
  if (before !== list.map(personKey).join()) await readKnown(); // keys that descend from verified ones are taken over
}

/** Reads everything. Only what needs the server can fail. */
export async function read() {
  const mine = ++latest;
  const current = () => mine === latest;
  reading.value = true;
  try {
    await readKnown();
    await readInvitations(current);
    await check(current);
    if (current()) problem.value = null;
  } catch (e) {
    if (!handled(e) && current()) problem.value = asCoreError(e);
  } finally {
    if (current()) reading.value = false;
  }
}

/** Notices that somebody has joined. */
async function look() {
  if (reading.value || !invitations.value?.length || document.visibilityState !== "visible") return;
  const before = latest;
  await readInvitations(() => before === latest).catch(handled); // the next look may succeed
}

/** Reads the lists and keeps them up to date. Returns a function that ends that and forgets them. */
export function open(): () => void {
  const timer = setInterval(() => void look(), EVERY_MS);
  const stops = [
    effect(() => {
      if (administrator.value !== undefined) void read();
    }),
    effect(() => {
      if (online.value && problem.peek()?.code === "offline") void read();
    }),
    effect(() => {
      if (all.value && people.peek()) readKnown().catch(handled); // another device may have verified somebody
    }),
  ];
  const readIfVisible = () => void look();
  document.addEventListener("visibilitychange", readIfVisible);
  return () => {
    latest++;
    clearInterval(timer);
    for (const stop of stops) stop();
    document.removeEventListener("visibilitychange", readIfVisible);
    own.value = null;
    people.value = null;
    unreadable.value = 0;
    checked.value = new Map();
    invitations.value = null;
    problem.value = null;
    reading.value = false;
  };
}

const ALARMS = new Set(["older", "parted", "other_user", "unsure", "invalid"]);

/** What the server shows that contradicts what the user verified; undefined if it does not. */
export const alarmOf = (person: VerifiedPerson, seen: ReadonlyMap<string, CheckedPerson>): string | undefined => {
  const standing = seen.get(personKey(person))?.standing ?? "";
  return ALARMS.has(standing) ? standing : undefined;
};

/** The digits of a text, without what people put between them. */
export const digitsIn = (text: string) => text.replaceAll(/[^\p{Nd}]/gu, "");
