// The lists of the Admin section.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import {
  actsOn,
  change,
  complete,
  invitations,
  lastAdministrator,
  named,
  open,
  problem,
  read,
  revoke,
  users,
} from "../src/screens/admin/directory.ts";
import { online, phase, toasts } from "../src/state/app.ts";
import { route } from "../src/state/route.ts";
import "../src/state/session.ts"; // handles the errors of the whole app
import { administrator, forgetStanding, readStanding, setAdministrator } from "../src/state/standing.ts";
import { startCore, turns } from "./core.mjs";

const user = (username, more) => ({ username, user_id: `id-${username}`, administrator: false, suspended: false, ...more });
const invitation = (id) => ({ id, created: "", expires: "", administrator: false });
const refused = (code) => () => {
  throw { code, retry_after: 0 };
};
const names = () => users.value?.map((u) => u.username);
const ids = () => invitations.value?.map((i) => i.id);

let answers;
const core = await startCore(new Proxy({}, { get: (_, method) => answers[method] }));
let close = () => {};
let before = {};
const asked = (method) => core.calls(method).slice(before[method] ?? 0);

beforeEach(() => {
  mock.timers.enable({ apis: ["setInterval"] });
  phase.value = { at: "unlocked", username: "ada" };
  location.hash = "#/admin";
  online.value = true;
  toasts.value = [];
  forgetStanding();
  document.visibilityState = "visible";
  answers = {
    users: () => ({ users: [user("ada", { administrator: true }), user("bob")], more: false }),
    invitations: () => ({ invitations: [invitation("old"), invitation("new")] }),
  };
  before = Object.fromEntries(["users", "invitations"].map((method) => [method, core.calls(method).length]));
});
afterEach(() => {
  close();
  close = () => {};
  mock.timers.reset();
});

async function opened() {
  close = open();
  await turns();
}

/** Pages of `size` users, of which the first `n` exist. */
const paged =
  (n, size) =>
  ({ after }) => {
    const from = after ? Number(after.slice(1)) + 1 : 0;
    const list = Array.from({ length: Math.min(size, n - from) }, (_, i) => user(`u${String(from + i).padStart(6, "0")}`));
    return { users: list, more: from + list.length < n };
  };

test("both lists are read, the newest invitation first", async () => {
  await opened();
  assert.deepEqual([names(), complete.value, ids()], [["ada", "bob"], true, ["new", "old"]]);
  close();
  assert.deepEqual([users.value, invitations.value, complete.value], [null, null, false]);
});

test("the first of many users are shown at once", async () => {
  const pages = paged(250, 100);
  const waiting = [];
  answers.users = (p) => new Promise((done) => waiting.push(() => done(pages(p))));
  await opened();
  waiting[0]();
  await turns();
  assert.deepEqual([users.value.length, complete.value], [100, false]);
  waiting[1]();
  await turns();
  waiting[2]();
  await turns();
  assert.deepEqual([users.value.length, complete.value], [250, true]);
  assert.deepEqual(
    asked("users").map((p) => p.after),
    ["", "u000099", "u000199"],
  );

  void read(); // the complete list stays until the next one is
  await turns();
  waiting[3]();
  await turns();
  assert.deepEqual([users.value.length, complete.value], [250, true]);
});

test("a server that never ends its list is stopped", async () => {
  answers.users = paged(Number.POSITIVE_INFINITY, 50_000);
  await opened();
  assert.equal(problem.value?.code, "bad_answer");
  assert.equal(asked("users").length, 3);
});

test("an older reading changes nothing", async () => {
  const waiting = [];
  answers.users = () => new Promise((done) => waiting.push(done));
  await opened();
  const second = read();
  await turns();
  waiting[1]({ users: [user("newer")], more: false });
  await second;
  waiting[0]({ users: [user("older")], more: true });
  await turns();
  assert.deepEqual([names(), waiting.length], [["newer"], 2]);
});

test("lists that were read stay while the server cannot be reached", async () => {
  await opened();
  answers.users = refused("offline");
  await read();
  assert.deepEqual([problem.value?.code, names()], ["offline", ["ada", "bob"]]);
  answers.users = () => ({ users: [user("ada")], more: false });
  online.value = false;
  online.value = true;
  await turns();
  assert.deepEqual([problem.value, names()], [null, ["ada"]]);
});

test("a used invitation is noticed, and then the new user", async () => {
  await opened();
  mock.timers.tick(15_000);
  await turns();
  assert.deepEqual([asked("invitations").length, asked("users").length], [2, 1]);
  answers.invitations = () => ({ invitations: [invitation("new")] });
  answers.users = () => ({ users: [user("ada"), user("bob"), user("carol")], more: false });
  document.visibilityState = "hidden";
  mock.timers.tick(15_000);
  await turns();
  assert.equal(asked("invitations").length, 2);
  document.visibilityState = "visible";
  mock.timers.tick(15_000);
  await turns();
  assert.deepEqual([ids(), names()], [["new"], ["ada", "bob", "carol"]]);
  close();
  const all = asked("invitations").length;
  mock.timers.tick(60_000);
  await turns();
  assert.equal(asked("invitations").length, all);
});

test("what was removed elsewhere leaves the list", async () => {
  await opened();
  answers.change_user = refused("not_found");
  answers.revoke_invitation = refused("not_found");
  answers.users = () => ({ users: [user("ada")], more: false });
  assert.equal(await change(user("bob"), "suspend", "pw"), false);
  await turns();
  assert.deepEqual(names(), ["ada"]);
  answers.invitations = () => ({ invitations: [] });
  assert.equal(await revoke(invitation("old")), false);
  await turns();
  assert.deepEqual(ids(), []);
  answers.change_user = refused("wrong_password");
  await assert.rejects(change(user("bob"), "suspend", "pw"), { code: "wrong_password" });
});

test("an act is done to the user that was shown, and the lists are read again", async () => {
  await opened();
  answers.change_user = () => ({});
  answers.users = () => ({ users: [user("ada"), user("bob", { suspended: true })], more: false });
  assert.equal(await change(users.value[1], "suspend", "pw"), true);
  assert.deepEqual(core.calls("change_user").at(-1), { act: "suspend", username: "bob", user_id: "id-bob", password: "pw" });
  assert.equal(users.value[1].suspended, true);
});

test("a demoted administrator leaves the section, with one message", async () => {
  setAdministrator(true);
  await opened();
  answers.users = refused("not_administrator");
  answers.invitations = refused("not_administrator");
  await read();
  assert.deepEqual([route.value, administrator.value, problem.value], [["vault"], false, null]);
  assert.deepEqual(
    toasts.value.map((t) => t.text),
    ["You’re no longer an administrator."],
  );
});

test("a user who never was one does not see the section", async () => {
  answers.account = () => ({ administrator: false });
  await readStanding();
  assert.deepEqual([route.value, administrator.value, toasts.value.length], [["vault"], false, 1]);
  assert.equal(toasts.value[0].text, "Only administrators can do this.");
});

test("a promoted user sees it, and other errors change nothing", async () => {
  answers.account = () => ({ administrator: true });
  await readStanding();
  answers.account = refused("server_fault");
  await readStanding();
  assert.deepEqual([route.value, administrator.value], [["admin"], true]);
});

test("nobody takes the last active administrator away", () => {
  const ada = user("ada", { administrator: true });
  const eve = user("eve", { administrator: true });
  const gone = user("gone", { administrator: true, suspended: true });
  assert.equal(lastAdministrator([ada, gone, user("bob")]), ada);
  assert.equal(lastAdministrator([ada, eve, gone]), undefined);
  assert.deepEqual(actsOn(ada, ada, "ada"), []);
  assert.deepEqual(actsOn(ada, undefined, "ada"), ["demote", "suspend"]);
  assert.deepEqual(actsOn(eve, undefined, "ada"), ["demote", "suspend", "unthrottle", "remove", "delete"]);
  assert.deepEqual(actsOn(gone, ada, "ada"), ["demote", "resume", "remove", "delete"]);
  assert.deepEqual(actsOn(user("bob"), ada, "ada"), ["promote", "suspend", "unthrottle", "remove", "delete"]);
  const removed = user("carol", { suspended: true, deletion: "2026-03-31T12:00:00Z" });
  assert.deepEqual(actsOn(removed, ada, "ada"), ["resume", "delete"]);
});

test("users are found by any part of the name", () => {
  const all = [user("rené.dupont"), user("anna")];
  assert.deepEqual(named(all, " RENE "), [all[0]]);
  assert.deepEqual(named(all, "."), [all[0]]);
  assert.deepEqual([named(all, "  "), named(all, "x")], [all, []]);
});
