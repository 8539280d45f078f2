import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { cable, cache, failure, forgetCookies, memory, requests, start } from "./core.mjs";

const password = "correct horse battery staple";
let { call, glue } = await start();

// signed out
assert.deepEqual(await call("resume"), { state: "signed_out", username: "", offline: false });
assert.equal((await failure(call("list", { query: "" }))).code, "locked");
assert.equal((await failure(call("no_such_method"))).code, "bad_input");
assert.equal((await failure(call("unlock", { password, extra: 1 }))).code, "bad_input");
assert.equal((await failure(call("unlock", { password: 7 }))).code, "bad_input");
assert.equal((await failure(glue.call("unlock", "{"))).code, "bad_input");
assert.equal((await failure(glue.call("unlock"))).code, "bad_input");
assert.equal((await failure(call("unlock", { password }))).code, "unauthorized");
assert.equal((await failure(call("register", { username: "anna", device: "d" }))).code, "bad_input");

// register
assert.equal((await failure(call("prepare_registration", { password: "" }))).code, "bad_input");
await call("prepare_registration", { password });
await call("cancel_registration");
assert.equal((await failure(call("register", { username: "anna", device: "d" }))).code, "bad_input");
const { words } = await call("prepare_registration", { password });
assert.equal(words.length, 24);
assert.deepEqual(await call("check_phrase", { phrase: words.join("  ").toUpperCase() }), { ok: true, word: 0 });
const typo = await call("check_phrase", { phrase: ["zzz", ...words.slice(1)].join(" ") });
assert.equal(typo.ok, false);
assert.equal(typo.word, 1);
assert.deepEqual(await call("register", { username: "Anna", device: "laptop" }), { username: "anna", inviter: "", unpinned: false });

// health: the range service gets no request before the user asks for it, and then only five digits of each hash
const ranges = () => requests.filter((r) => r.includes("/range/"));
const [good, poor] = [
  await call("save", { item: { id: "", type: "login", title: "Good", password: "vM8#tq2!Lz0@Wd5$" } }),
  await call("save", { item: { id: "", type: "login", title: "Poor", password: "letmein", urls: ["http://poor.example"] } }),
];
const report = await call("health");
assert.deepEqual([report.score, report.weak, report.breached, report.unchecked], [50, [poor.id], [], 2]);
assert.match((await call("breach_address")).address, /^http:\/\/127\.0\.0\.1:/);
assert.deepEqual(ranges(), []);
const lookedUp = [];
assert.deepEqual(await call("breaches", {}, (json) => lookedUp.push(JSON.parse(json))), {});
assert.deepEqual(lookedUp.at(-1), { done: 2, total: 2 });
assert.deepEqual((await call("health")).breached, [{ id: poor.id, times: 1234 }]);
assert.equal(ranges().length, 2);
assert.ok(ranges().every((r) => /^GET \/range\/[0-9A-F]{5}$/.test(r)), String(ranges()));
await call("remove", { ids: [good.id, poor.id] });

// items
assert.deepEqual(await call("sync"), {
  revision: 3, sequence: 1, changed: false, count: 0, trashed: 0, unreadable: [], outdated: 0, pending: 0, refused: [], recovered: false, lost: [], kept: [],
});
const saved = await call("save", { item: { id: "", type: "login", title: "Bank", username: "a", password: "p1", urls: ["https://b.example"] } });
assert.ok(saved.id && saved.base && saved.created && saved.modified);
const changed = await call("save", { item: { ...saved, password: "p2" } });
assert.equal(changed.password, "p2");
const { versions } = await call("history", { id: saved.id });
assert.deepEqual(versions.map((v) => v.password), ["p1"]);
assert.equal((await failure(call("save", { item: { id: "", type: "login", title: "" } }))).code, "bad_input");
assert.equal((await failure(call("get", { id: "x" }))).code, "not_found");
const shown = await call("code", { totp: "otpauth://totp/Bank:anna?period=60&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" });
assert.match(shown.code, /^\d{6}$/);
assert.deepEqual([shown.issuer, shown.account, shown.period, shown.seconds_left > 0 && shown.seconds_left <= 60], ["Bank", "anna", 60, true]);
const counted = await call("save", { item: { id: "", type: "login", title: "Token", totp: "otpauth://hotp/t?counter=0&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" } });
assert.equal((await call("code", { id: counted.id })).code, "755224"); // RFC 4226, appendix D
assert.equal((await call("next_code", { id: counted.id })).code, "755224");
assert.equal((await call("next_code", { id: counted.id })).code, "287082");
assert.equal((await call("code", { id: counted.id })).period, 0);
await call("remove", { ids: [counted.id] });
assert.equal((await failure(call("code", { totp: "otpauth://totp/x" }))).code, "bad_input");
assert.equal((await failure(call("code", { id: saved.id }))).code, "bad_input");

// attachments
const scan = new Uint8Array(500_000).map((_, i) => i * 7);
const steps = [];
const withFile = await call("attach", { id: saved.id, name: "scan.pdf" }, (json) => steps.push(JSON.parse(json)), 5, scan);
const [file] = withFile.attachments;
assert.deepEqual([file.name, file.size], ["scan.pdf", 500_000]);
assert.deepEqual(steps.map((s) => s.done), [194_560, 389_120, 500_000]);
const back = await glue.call("attachment", JSON.stringify({ id: saved.id, attachment: file.id }));
assert.ok(Buffer.from(back.file).equals(Buffer.from(scan)));
assert.equal((await failure(call("attachment", { id: saved.id, attachment: "x" }))).code, "not_found");
assert.equal((await failure(call("attach", { id: saved.id, name: "" }, undefined, 0, scan))).code, "bad_input");
assert.equal((await failure(call("attach", { id: saved.id, name: "nothing" }))).code, "bad_input");
const stopped = failure(call("attach", { id: saved.id, name: "large" }, () => glue.cancel(6), 6, new Uint8Array(1 << 20)));
assert.equal((await stopped).code, "cancelled");
assert.deepEqual((await call("get", { id: saved.id })).attachments, [file]);
assert.equal((await call("remove_attachment", { id: saved.id, attachment: file.id })).attachments, undefined);

const progress = [];
const many = Array.from({ length: 600 }, (_, i) => ({ id: "", type: "login", title: `Site ${i}`, password: `p${i}`, favourite: i === 3, notes: i === 4 ? "under the doormat" : "" }));
assert.deepEqual(await call("add_many", { items: many }, (json) => progress.push(JSON.parse(json))), { added: 600 });
assert.deepEqual(progress.map((p) => p.done), [500, 600]);
const list = await call("list", { query: "site 59", limit: 2 });
assert.equal(list.total, 16); // 59, 590 to 599, and 159 to 559
assert.deepEqual(list.items.map((i) => i.title), ["Site 59", "Site 590"]);
assert.equal((await call("list", { query: "", favourite: true })).items[0].title, "Site 3");
assert.equal((await call("get", { id: list.items[0].id })).password, "p59");

// search finds details only after they are indexed
assert.deepEqual(await call("list", { query: "doormat" }), { total: 0, complete: false, items: [] });
const looked = [];
assert.deepEqual(await call("index", {}, (json) => looked.push(JSON.parse(json))), {});
assert.deepEqual(looked.at(-1), { done: 500, total: 500 }); // changes of up to 100 items are indexed immediately
const inside = await call("list", { query: "doormat", sort: "changed" });
assert.deepEqual([inside.complete, inside.items.map((i) => i.title)], [true, ["Site 4"]]);

await call("remove", { ids: [list.items[0].id] });
assert.equal((await call("list", { query: "" })).total, 600);

// edits of many items, and the trash
const picked = (await call("list", { query: "", limit: 3 })).items.map((i) => i.id);
const [restored, gone] = [picked.slice(0, 2), picked.slice(2)];
const marked = [];
assert.deepEqual(await call("mark", { ids: picked, favourite: true }, (json) => marked.push(JSON.parse(json))), { changed: picked });
assert.deepEqual(marked, [{ done: 3, total: 3 }]);
assert.deepEqual(await call("mark", { ids: picked, favourite: true }), { changed: [] });
assert.deepEqual(await call("tag", { ids: picked, add: ["Work"] }), { changed: picked });
assert.deepEqual(await call("tag", { ids: gone, remove: ["Work"] }), { changed: gone });
assert.deepEqual((await call("list", { query: "", tag: "Work" })).items.map((i) => i.id), restored);
assert.deepEqual(await call("trash", { ids: picked, keep_days: 30 }), { changed: picked });
const [trashed] = (await call("list", { query: "", trash: true })).items;
assert.equal(Date.parse(trashed.purge) - Date.parse(trashed.trashed), 30 * 24 * 60 * 60 * 1000);
assert.deepEqual(await call("restore", { ids: restored }), { changed: restored });
assert.deepEqual(await call("purge_trash"), { purged: 0 });
assert.deepEqual(await call("empty_trash"), {});
assert.equal((await failure(call("get", { id: gone[0] }))).code, "not_found");
const twin = await call("duplicate", { id: saved.id, title: "Twin" });
assert.deepEqual([twin.title, twin.password, twin.id === saved.id], ["Twin", "p2", false]);
assert.equal((await call("list", { query: "" })).total, 600);

assert.equal((await call("restore_version", { id: saved.id, version: 1 })).password, "p1");
const [replaced] = (await call("history", { id: saved.id })).versions;
assert.equal((await call("restore_version", { id: saved.id, version: replaced.version })).password, "p2");
assert.equal((await failure(call("restore_version", { id: saved.id, version: 99 }))).code, "not_found");

// cancel: added items stay
const cancelled = failure(call("add_many", { items: many }, () => glue.cancel(7), 7));
assert.equal((await cancelled).code, "cancelled");
await call("sync");
assert.equal((await call("list", { query: "" })).total, 1100);

// account and second factor
const account = await call("account");
assert.deepEqual({ ...account, revision: 0 }, { username: "anna", totp_enabled: false, revision: 0, count: 1100, offline: false, kdf_cost: 1, administrator: true });
const { sessions } = await call("sessions");
assert.equal(sessions.length, 1);
assert.ok(sessions[0].current && sessions[0].device === "laptop");
const enrolment = await call("totp_begin", { password });
assert.match(enrolment.uri, /^otpauth:\/\/totp\//);
await call("totp_confirm", { enrolment: enrolment.enrolment, code: totp(enrolment.secret, 0) });

// administration: the first user of this server is an administrator
const { users: [own], more } = await call("users", { after: "" });
assert.deepEqual([own.username, own.administrator, own.items, more], ["anna", true, 1100, false]);
assert.deepEqual(await call("users", { after: "anna" }), { users: [], more: false });
const about = { username: "anna", user_id: own.user_id };
assert.equal((await failure(call("change_user", { act: "../remove", ...about, password }))).code, "bad_input");
assert.equal((await failure(call("change_user", { act: "suspend", ...about, password: "wrong" }))).code, "wrong_password");
for (const act of ["suspend", "demote"]) {
  assert.equal((await failure(call("change_user", { act, ...about, password }))).code, "last_administrator", act);
}
await call("change_user", { act: "promote", ...about, password }); // changes nothing
await call("change_user", { act: "resume", ...about, password });
assert.deepEqual(await call("invitations"), { invitations: [] });
assert.match((await call("invite", { administrator: false, password: "" })).link, /^\/#join\/[\w-]{22}$/);
assert.equal((await failure(call("invite", { administrator: true, password: "wrong" }))).code, "wrong_password");
await call("invite", { administrator: true, password });
const { invitations } = await call("invitations");
assert.deepEqual(invitations.map((i) => [i.by, i.administrator]).sort(), [["anna", false], ["anna", true]]);
for (const { id } of invitations) await call("revoke_invitation", { id });
assert.equal((await failure(call("revoke_invitation", { id: invitations[0].id }))).code, "not_found");

// lock, and unlock in a new worker
assert.deepEqual(await call("lock"), {});
assert.equal((await failure(call("get", { id: saved.id }))).code, "locked");
assert.equal((await failure(call("unlock", { password: "wrong" }))).code, "wrong_password");
({ call, glue } = await start());
assert.deepEqual(await call("resume"), { state: "locked", username: "anna", offline: false });
assert.deepEqual(await call("unlock", { password }), { username: "anna", offline: false });
assert.deepEqual(await call("resume"), { state: "unlocked", username: "anna", offline: false });
assert.equal((await call("sync")).count, 1100);
assert.equal((await call("get", { id: saved.id })).password, "p2");

// hand over, and take over once in a new worker
assert.deepEqual(await call("hand_over"), {});
({ call, glue } = await start());
assert.deepEqual(await call("resume", { device: "laptop" }), { state: "unlocked", username: "anna", offline: false });
assert.equal((await call("sync")).count, 1100);
({ call, glue } = await start());
assert.deepEqual(await call("resume", { device: "laptop" }), { state: "locked", username: "anna", offline: false });
assert.equal((await failure(call("hand_over"))).code, "locked");
await call("unlock", { password });
await call("sync");

// an item that asks for the master password
const asks = await call("save", { item: { type: "login", title: "asks", password: "p", totp: "JBSWY3DPEHPK3PXP", reprompt: true } });
assert.equal((await call("get", { id: asks.id })).password, "p"); // it was just written
({ call, glue } = await start());
await call("unlock", { password });
await call("sync");
for (const method of ["get", "history", "code", "next_code", "duplicate"]) {
  assert.equal((await failure(call(method, { id: asks.id }))).code, "reprompt", method);
}
assert.equal((await failure(call("restore_version", { id: asks.id, version: 1 }))).code, "reprompt");
assert.equal((await failure(call("attachment", { id: asks.id, attachment: "x" }))).code, "reprompt");
assert.equal((await failure(call("confirm_item", { id: asks.id, password: "wrong" }))).code, "wrong_password");
await call("confirm_item", { id: asks.id, password });
assert.equal((await call("get", { id: asks.id })).password, "p");
await call("remove", { ids: [asks.id] });

// offline: a new worker reads and edits, and sends the edit later
cable.cut = true;
({ call, glue } = await start());
assert.deepEqual(await call("resume"), { state: "locked", username: "anna", offline: false });
assert.equal((await failure(call("unlock", { password: "wrong" }))).code, "wrong_password");
assert.deepEqual(await call("unlock", { password }), { username: "anna", offline: true });
assert.equal((await failure(call("sync"))).code, "offline");
assert.deepEqual(await call("waiting"), { pending: 0, refused: [] });
const offline = await call("get", { id: saved.id });
await call("save", { item: { ...offline, notes: "on the train" } });
assert.deepEqual(await call("waiting"), { pending: 1, refused: [] });
assert.equal((await call("list", { query: saved.title })).items.find((i) => i.id === saved.id).pending, true);
assert.equal((await call("account")).offline, true);
for (const [name, { segments }] of cache) {
  for (const segment of segments) assert.ok(!Buffer.from(segment).includes("on the train"), `${name} holds notes in the clear`);
}
cable.cut = false;
assert.equal((await failure(call("logout", { force: false }))).code, "unsent_changes");
assert.equal((await failure(call("keep_copy", { on: false, force: false }))).code, "unsent_changes");
assert.equal((await call("sync")).pending, 0);
assert.equal((await call("get", { id: saved.id })).notes, "on the train");
await call("keep_copy", { on: false, force: false });
assert.equal(cache.size, 0);
await call("keep_copy", { on: true, force: false });
await call("sync");

await call("logout", { force: false });
assert.equal(cache.size, 0);
assert.deepEqual(await call("resume"), { state: "signed_out", username: "", offline: false });
assert.equal((await failure(call("login", { username: "anna", password: "wrong", totp_code: "", device: "d" }))).code, "invalid_credentials");
assert.equal((await failure(call("login", { username: "anna", password, totp_code: "", device: "d" }))).code, "totp_required");
assert.deepEqual(await call("login", { username: "anna", password, totp_code: totp(enrolment.secret, 30), device: "d" }), { username: "anna" });
await call("change_password", { current: password, next: "second" });
await call("totp_remove", { password: "second" });
assert.equal((await failure(call("activate_phrase"))).code, "bad_input");
await call("prepare_phrase", { password: "second" }); // never activated
const fresh = await call("prepare_phrase", { password: "second" });
await call("activate_phrase");
assert.equal((await failure(call("activate_phrase"))).code, "bad_input");
await call("end_other_sessions", { password: "second" });

// recovery on a device without a cookie
forgetCookies();
({ call, glue } = await start());
assert.equal((await failure(call("recover", { username: "anna", phrase: "abandon abandon", password: "x", remove_totp: false, device: "d" }))).code, "bad_phrase");
assert.equal((await failure(call("recover", { username: "anna", phrase: words.join(" "), password: "x", remove_totp: false, device: "d" }))).code, "bad_phrase");
await call("recover", { username: "anna", phrase: fresh.words.join(" "), password: "third", remove_totp: false, device: "d" });
assert.equal((await call("sync")).count, 1100);

// a server that shows another vault than the device has seen
const [user] = memory.keys();
const seen = memory.get(user);
const other = JSON.parse(seen);
const state = Buffer.from(other.vaults[0].state, "base64url");
state[1 + 32 + 1 + 8] ^= 1; // the hash of the newest write
other.vaults[0].state = state.toString("base64url");
cache.clear();
({ call, glue } = await start());
await call("unlock", { password: "third" });
for (const remembered of [JSON.stringify(other), "not JSON", "{}x"]) {
  memory.set(user, remembered);
  assert.equal((await failure(call("sync"))).code, "vault_rolled_back");
  assert.equal(memory.get(user).replace(/,"alarm":\{[^}]*\{[^}]*\}\}/, ""), remembered); // it also remembers the alarm
}
memory.set(user, seen);
assert.equal((await call("sync")).count, 1100);

await call("delete_account", { password: "third", force: false });
assert.equal(cache.size, 0);
assert.deepEqual(await call("resume"), { state: "signed_out", username: "", offline: false });
assert.equal(memory.has(user), false);
process.exit(0);

// RFC 6238 with SHA-1, 30 s, 6 digits.
function totp(secret, ahead) {
  const bits = [...secret].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000 + ahead) / 30 | 0));
  const mac = createHmac("sha1", key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1e6).padStart(6, "0");
}
