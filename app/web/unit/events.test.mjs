// Reading the audit trail, page by page.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { ALL, asLines, queryOf, readOn, searchedTo } from "../src/screens/events/trail.ts";
import { startCore } from "./core.mjs";

const id = (n) => `${String(n).padStart(14, "0")}-0000000000000000`;
const event = (n, more) => ({
  id: id(n),
  kind: "signed_in",
  time: "",
  last: "2026-03-01T12:00:00Z",
  count: 1,
  host: false,
  ...more,
});
const events = (from, count) => Array.from({ length: count }, (_, n) => event(from - n));

let answer;
let asked; // paths with their parameters
let account;
const core = await startCore({ account: () => account() });

beforeEach(() => {
  asked = [];
  globalThis.fetch = async (path) => {
    asked.push(path);
    const { status = 200, ...page } = answer(path);
    return new Response(JSON.stringify(page), { status });
  };
});

const parameters = (...args) => Object.fromEntries(new URLSearchParams(queryOf(...args)));

test("days are those of the device, and the last one belongs to it", () => {
  const local = (...date) => new Date(...date).toISOString();
  assert.equal(queryOf(ALL, false), "");
  assert.deepEqual(parameters({ kind: "signed_in", user: " Bob & co ", from: "2026-01-31", to: "2026-02-28" }, false, id(7)), {
    kind: "signed_in",
    user: "Bob & co",
    since: local(2026, 0, 31),
    until: local(2026, 2, 1),
    before: id(7),
  });
  assert.equal(parameters({ ...ALL, from: "0026-01-31" }, false).since.slice(0, 5), "0026-");
  assert.deepEqual(parameters({ ...ALL, user: "bob" }, true), {});
});

test("reading goes on until there is an event", async () => {
  answer = (path) => (path.includes(id(7)) ? { events: [event(5)] } : { events: [], next: id(path.endsWith("?") ? 9 : 7) });
  assert.deepEqual(await readOn(ALL, true), { events: [event(5)], next: "" });
  assert.deepEqual(
    asked,
    ["", `before=${id(9)}`, `before=${id(7)}`].map((query) => `/api/v1/account/events?${query}`),
  );

  // It stops where the user can decide to go on.
  let at = 1000;
  answer = () => ({ events: [], next: id(--at) });
  const nothing = await readOn(ALL, false);
  assert.deepEqual(nothing, { events: [], next: id(990) });
  answer = () => ({ events: events(900, 2), next: id(899) });
  assert.deepEqual(await readOn(ALL, false, { events: [event(991)], next: id(990) }), {
    events: [event(991), event(900), event(899)],
    next: id(899),
  });
  assert.equal(searchedTo("01772366400000-0000000000000000"), "2026-03-01T12:00:00.000Z");
});

test("a server cannot repeat a page, or send anything else", async () => {
  const bad = {
    "not a list": { events: {} },
    "no list": {},
    "too many": { events: events(500, 101) },
    "not in order": { events: [event(1), event(2)] },
    "above the place": { events: [event(51)] },
    "the place again": { events: [], next: id(50) },
    "a next page above": { events: events(40, 2), next: id(40) },
    "no place": { events: [], next: "x" },
    "an event without a kind": { events: [event(1, { kind: undefined })] },
    "an event with an object": { events: [event(1, { last: {} })] },
  };
  for (const [name, page] of Object.entries(bad)) {
    answer = () => page;
    await assert.rejects(readOn(ALL, false, { events: [], next: id(50) }), { code: "bad_answer" }, name);
  }
});

test("a refusal is the error that the core would make of it", async () => {
  for (const [status, body, code] of [
    [403, { code: "not_administrator" }, "not_administrator"],
    [400, { code: "bad_request" }, "bad_request"],
    [500, { code: "internal", request_id: "0123456789abcdef" }, "server_fault"],
    [503, { code: "storage_unavailable" }, "storage_unavailable"],
    [502, {}, "intercepted"],
  ]) {
    answer = () => ({ status, ...body });
    await assert.rejects(readOn(ALL, false), { code, requestId: body.request_id ?? "" });
  }
  globalThis.fetch = () => Promise.reject(new TypeError("no network"));
  await assert.rejects(readOn(ALL, false), { code: "offline" });
});

test("when the session has ended, the core learns it too", async () => {
  answer = () => ({ status: 401, code: "unauthorized" });
  account = () => {
    throw { code: "unauthorized" };
  };
  await assert.rejects(readOn(ALL, true), { code: "unauthorized" });
  assert.equal(core.calls("account").length, 1);
});

test("a download has a line for each event, as many as wanted", async () => {
  answer = (path) =>
    path.includes("before") ? { events: [event(1, { who: "a\nb" })] } : { events: [event(3), event(2)], next: id(2) };
  const counts = [];
  const all = await asLines(ALL, false, (n) => counts.push(n));
  assert.deepEqual(counts, [2, 3]);
  assert.equal(all.complete, true);
  assert.deepEqual(
    all.lines.map((line) => [line.endsWith("\n"), line.indexOf("\n") === line.length - 1, JSON.parse(line).id]),
    [3, 2, 1].map((n) => [true, true, id(n)]),
  );
  const cut = await asLines(ALL, false, () => true, 2);
  assert.deepEqual([cut.lines.length, cut.complete], [2, false]);
  assert.deepEqual(await asLines(ALL, false, () => true, 3).then(({ complete }) => complete), true);
  assert.equal(await asLines(ALL, false, () => false), null);
});
