import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { online, phase, preferences } from "../src/state/app.ts";
import {
  all,
  counts,
  filter,
  forget,
  query,
  refresh,
  search,
  serverIsAt,
  shown,
  syncNow,
  syncProblem,
  trashed,
  unreadable,
  waiting,
} from "../src/state/vault.ts";
import { startCore, turns } from "./core.mjs";

const items = (...titles) => titles.map((title) => ({ id: title, type: "login", title }));
const listOf = (items, total = items.length) => ({ items, total, complete: true });
const synced = { revision: 1, changed: true, count: 0, trashed: 0, outdated: 0, pending: 0, refused: [], kept: [] };

let answers;
const core = await startCore(new Proxy({}, { get: (_, method) => answers[method] }));
const asked = (method) => core.calls(method).slice(before[method] ?? 0);
let before = {};

beforeEach(() => {
  forget();
  phase.value = { at: "unlocked", username: "ada" };
  online.value = true;
  answers = {
    list: ({ archive, trash }) => listOf(archive ? [] : items(...(trash ? ["Old"] : ["Mail", "Bank"]))),
    waiting: () => ({ pending: 0, refused: [] }),
    sync: () => synced,
    index: () => ({}),
    purge_trash: () => ({ purged: 0 }),
    alarm: () => ({ readable: false }),
  };
  before = Object.fromEntries(["list", "sync"].map((method) => [method, core.calls(method).length]));
});

test("the list is filtered", async () => {
  answers.list = ({ archive, trash }) =>
    listOf(
      archive || trash
        ? items(archive ? "Forum" : "Old")
        : [
            { id: "1", type: "login", title: "Mail", favourite: true, tags: ["work"] },
            { id: "2", type: "note", title: "Wi-Fi", tags: ["home", "work"] },
          ],
    );
  await refresh();
  const titles = (by) => {
    filter.value = by;
    return shown.value.items.map((s) => s.title);
  };
  assert.deepEqual(titles({ by: "all" }), ["Mail", "Wi-Fi"]);
  assert.deepEqual(titles({ by: "favourite" }), ["Mail"]);
  assert.deepEqual(titles({ by: "type", type: "note" }), ["Wi-Fi"]);
  assert.deepEqual(titles({ by: "tag", tag: "home" }), ["Wi-Fi"]);
  assert.deepEqual(titles({ by: "archive" }), ["Forum"]);
  assert.deepEqual(titles({ by: "trash" }), ["Old"]);
  assert.deepEqual(counts.value.by, { all: 2, login: 1, note: 1, favourite: 1, archive: 1, trash: 1 });
  assert.deepEqual(counts.value.tags, [
    ["home", 1],
    ["work", 2],
  ]);
});

test("locking during a refresh stores nothing", async () => {
  const reading = refresh();
  phase.value = { at: "locked", username: "ada" };
  await reading;
  assert.deepEqual([all.value, trashed.value], [null, []]);
});

test("results of an earlier search are ignored", async () => {
  const waits = new Map();
  answers.list = ({ query }) => new Promise((answer) => waits.set(query, answer));
  search("ma");
  search("mail");
  await turns();
  waits.get("mail")(listOf(items("Mail")));
  await turns();
  waits.get("ma")(listOf(items("Mail", "Map")));
  await turns();
  assert.deepEqual(
    shown.value.items.map((s) => s.title),
    ["Mail"],
  );
});

test("a pause in typing loads all results", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    answers.list = ({ limit }) => listOf(items(...(limit ? ["A"] : ["A", "B"])), 2);
    search("x");
    await turns();
    assert.equal(shown.value.items.length, 1);
    mock.timers.tick(149);
    await turns();
    assert.equal(asked("list").length, 1);
    mock.timers.tick(1);
    await turns();
    assert.equal(shown.value.items.length, 2);
    search("  "); // a blank query does not start a search
    assert.deepEqual([query.value, asked("list").length], ["  ", 2]);
  } finally {
    mock.timers.reset();
  }
});

test("a search uses the filter and the order", async () => {
  preferences.value = { ...preferences.value, sort: "changed" };
  search("x", { by: "tag", tag: "work" });
  search("x", { by: "type", type: "card" });
  search("x", { by: "favourite" });
  search("x", { by: "archive" });
  search("x", { by: "trash" });
  await turns();
  const common = { query: "x", sort: "changed", limit: 40 };
  assert.deepEqual(asked("list"), [
    { ...common, tag: "work" },
    { ...common, type: "card" },
    { ...common, favourite: true },
    { ...common, archive: true },
    { ...common, trash: true },
  ]);
  preferences.value = { ...preferences.value, sort: "title" };
});

test("a sync updates the list and its problems", async () => {
  answers.sync = () => ({
    ...synced,
    count: 2,
    trashed: 1,
    unreadable: [{ id: "x", finding: { code: "content_unopened" } }],
    pending: 2,
    refused: ["r", "s"],
  });
  answers.waiting = () => ({ pending: 2, refused: ["r", "s"] });
  await syncNow();
  assert.deepEqual(
    all.value.map((s) => s.title),
    ["Mail", "Bank"],
  );
  assert.deepEqual([...unreadable.value], [["x", { code: "content_unopened" }]]);
  assert.deepEqual(waiting.value, { pending: 2, refused: ["r", "s"] });
});

test("offline, the page shows the cached list", async () => {
  answers.sync = () => {
    throw { code: "offline", message: "no network" };
  };
  await syncNow();
  assert.deepEqual([online.value, syncProblem.value], [false, null]);
  assert.equal(all.value.length, 2);
  forget();
  answers.list = () => listOf([]);
  await syncNow();
  assert.equal(all.value, null, "a device that holds nothing does not know that the vault is empty");
});

test("a sync problem is shown until the next success", async () => {
  answers.sync = () => {
    throw { code: "unavailable", message: "busy" };
  };
  await syncNow();
  assert.equal(syncProblem.value.code, "unavailable");
  answers.sync = () => synced;
  await syncNow();
  assert.equal(syncProblem.value, null);
});

test("the page syncs when the revision changes", async () => {
  let revision = 7;
  let arrive;
  answers.sync = () => new Promise((answer) => (arrive = () => answer({ ...synced, revision, sequence: 1 })));
  serverIsAt({ revision: 7, sequence: 1 });
  await turns();
  serverIsAt({ revision: 8, sequence: 1 }); // during the sync
  arrive();
  revision = 8;
  await turns();
  arrive();
  await turns();
  assert.equal(asked("sync").length, 2);
  serverIsAt({ revision: 8, sequence: 1 });
  await turns();
  assert.equal(asked("sync").length, 2);
});

test("the page syncs when the server has something else under the same number", async () => {
  answers.sync = () => ({ ...synced, revision: 7, sequence: 1 });
  await syncNow();
  serverIsAt({ revision: 7, sequence: 1, parted: false });
  await turns();
  assert.equal(asked("sync").length, 1);
  serverIsAt({ revision: 7, sequence: 1, parted: true });
  await turns();
  assert.equal(asked("sync").length, 2);
});

test("a locked page does not sync", async () => {
  phase.value = { at: "locked", username: "ada" };
  await syncNow();
  assert.equal(asked("sync").length, 0);
});
