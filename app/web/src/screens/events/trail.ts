// Reads events of the audit trail: all of them for administrators, those of the own account for everybody.
import * as api from "../../core/api.gen";
import { ask } from "../../core/early";
import { CoreError } from "../../core/error";
import type { AuditEvent, AuditKind, AuditResponse, ErrorCode } from "../../core/protocol.gen";

/** The filters. Days are those of this device. Empty: no limit. */
export interface Choice {
  kind: AuditKind | "";
  user: string;
  from: string; // a day, as 2026-01-31
  to: string; // a day, which belongs to it
}

export const ALL: Choice = { kind: "", user: "", from: "", to: "" };

/** The events so far, and where the next page begins: empty after the oldest. */
export interface Found {
  events: AuditEvent[];
  next: string;
}

const PAGES = 10; // that one reading asks for until there is an event: the server searches a part of the trail at a time
export const MOST = 100_000; // events of a download; the command line has the same limit

function midnight(day: string, more = 0): string {
  if (!day) return "";
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const at = new Date(2000, 0, 1);
  at.setFullYear(year, month - 1, date + more);
  return at.toISOString();
}

/** The parameters of the request. */
export function queryOf({ kind, user, from, to }: Choice, account: boolean, before = ""): string {
  const all = { kind, user: account ? "" : user.trim(), since: midnight(from), until: midnight(to, 1), before };
  return new URLSearchParams(Object.entries(all).filter(([, value]) => value)).toString();
}

const PAGE = 100; // events; app/protocol has the same limit

/** The error that the core would make of an answer. */
function refusal({ code, request_id }: Record<string, unknown>): CoreError {
  if (typeof code !== "string") return new CoreError("intercepted"); // not from our server
  return new CoreError(code === "internal" ? "server_fault" : (code as ErrorCode), {
    request_id: typeof request_id === "string" ? request_id : "",
  });
}

const isEvent = ({ id, kind, last }: AuditEvent) => [id, kind, last].every((text) => typeof text === "string");

/** Gets the events below a place, in descending order: a server could otherwise repeat a page forever. */
async function readPage(choice: Choice, account: boolean, before: string): Promise<Found> {
  const path = account ? "/api/v1/account/events" : "/api/v1/admin/events";
  const { status, body } = await ask(`${path}?${queryOf(choice, account, before)}`);
  if (status === 401) await api.account(); // fails too, and then the core forgets its keys
  if (status !== 200) throw refusal(body);
  const { events, next = "" } = body as Partial<AuditResponse>;
  if (!Array.isArray(events) || events.length > PAGE || !events.every(isEvent)) throw new CoreError("bad_answer");
  let last = before;
  for (const { id } of events) {
    if (last && id >= last) throw new CoreError("bad_answer");
    last = id;
  }
  if (next && ((last && next > last) || next === before || !/^\d{14}-/.test(next))) throw new CoreError("bad_answer");
  return { events, next };
}

/** Reads on after what was found, until there are more events or a part of the trail has none. */
export async function readOn(choice: Choice, account: boolean, found?: Found): Promise<Found> {
  let { events, next } = found ?? { events: [], next: "" };
  for (let pages = 0; pages < PAGES; pages++) {
    const page = await readPage(choice, account, next);
    next = page.next;
    events = [...events, ...page.events];
    if (page.events.length > 0 || !next) break;
  }
  return { events, next };
}

/** How far back was searched. The place of an event begins with its time in milliseconds. */
export const searchedTo = (next: string) => new Date(Number(next.slice(0, 14))).toISOString();

/** All events as JSON lines. Reads until `most` of them, or until `goesOn` returns false: then null. */
export async function asLines(choice: Choice, account: boolean, goesOn: (count: number) => boolean, most = MOST) {
  const lines: string[] = [];
  for (let before = ""; ; ) {
    const { events, next } = await readPage(choice, account, before);
    for (const event of events) lines.push(`${JSON.stringify(event)}\n`);
    if (!goesOn(lines.length)) return null;
    if (!next || lines.length >= most) return { lines: lines.slice(0, most), complete: !next && lines.length <= most };
    before = next;
  }
}
