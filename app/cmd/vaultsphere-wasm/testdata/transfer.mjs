import assert from "node:assert/strict";
import { failure, start, transfer } from "./core.mjs";

const { call, glue } = await start();
const bytes = (text) => new TextEncoder().encode(text);
const count = async () => (await call("sync")).count;

await call("prepare_registration", { password: "correct horse battery staple" });
await call("register", { username: "anna", device: "laptop" });
await call("sync");

// rejected calls
assert.equal((await failure(transfer("read", { name: "x.csv" }))).code, "file_empty");
assert.equal((await failure(transfer("read", {}, bytes("?")))).code, "file_unknown_format");
assert.equal((await failure(transfer("read", {}, bytes('{"a":')))).code, "file_truncated");
assert.equal((await failure(transfer("read", { format: "vaultsphere-json" }, bytes("a,b")))).code, "file_other_format");
assert.equal((await failure(transfer("read", { x: 1 }, bytes("a,b")))).code, "bad_input");
assert.equal((await failure(transfer("read", {}, bytes("[".repeat(1e6))))).code, "file_too_nested");
assert.equal((await failure(call("import_run"))).code, "bad_input");
assert.equal((await failure(call("plan_import", {}, undefined, 0, bytes("{}x")))).code, "bad_input");

// an import, from the preview to the report
const rows = Array.from({ length: 600 }, (_, i) => `Site ${i},https://site-${i}.example,user,secret ${i},${i === 7 ? "99" : ""}`);
const csv = bytes(`title,url,username,password,Door code\r\n${rows.join("\r\n")}\r\nbroken`);
const columns = (await transfer("columns", { name: "x.csv" }, csv)).result;
assert.deepEqual(columns.guess, ["title", "url", "username", "password", ""]);
const steps = [];
const read = await transfer("read", { name: "x.csv" }, csv, (json) => steps.push(JSON.parse(json)));
assert.ok(steps.length > 10 && steps.at(-1).done === csv.length);
const preview = await call("plan_import", {}, undefined, 0, read.file);
assert.deepEqual([preview.format, preview.total, preview.statuses], ["csv", 600, { new: 600 }]);
assert.deepEqual(preview.problems, [{ row: 602, code: "column_count", values: { count: 1, limit: 5 } }]);
assert.deepEqual(preview.relocated, [{ name: "Door code", as: "field", count: 1, row: 9 }]);
assert.ok(!JSON.stringify(preview).includes("secret"));
assert.equal(await count(), 0);
assert.equal((await failure(call("import_run", { identical: "update" }))).code, "bad_input");
const report = await call("import_run", {}, (json) => json.includes(":500,") && glue.cancel(5), 5);
assert.deepEqual([report.added, report.total, report.stopped.code], [500, 600, "cancelled"]);
assert.equal(await count(), 500);
assert.equal((await failure(call("import_run"))).code, "bad_input"); // the plan is used up

await call("plan_import", {}, undefined, 0, read.file);
const rest = await call("import_run");
assert.deepEqual([rest.added, rest.skipped, rest.stopped], [100, 500, undefined]);
await call("plan_import", {}, undefined, 0, read.file);
await call("import_forget");
assert.equal((await failure(call("import_run"))).code, "bad_input");
await call("plan_import", {}, undefined, 0, read.file);
await call("lock");
assert.equal((await failure(call("import_run"))).code, "bad_input");
await call("unlock", { password: "correct horse battery staple" });
await call("sync");

// export, and import again
const opened = await glue.call("open_items", JSON.stringify({ trash: false, files: true }));
assert.deepEqual(JSON.parse(opened.result), { items: 600, problems: [] });
const known = (await transfer("formats", {})).result;
for (const { id, sealed } of known.write.filter(({ id }) => known.read.some((format) => format.id === id))) {
  if (sealed) assert.equal((await failure(transfer("write", { format: id }, opened.file))).code, "file_password_needed");
  const { file } = await transfer("write", { format: id, password: "of the file" }, opened.file);
  const { file: again } = await transfer("read", { password: "of the file" }, file);
  const { statuses } = await call("plan_import", {}, undefined, 0, again);
  assert.deepEqual(statuses, { identical: 600 }, id);
  if (sealed) assert.match((await failure(transfer("read", { password: "another" }, file))).code, /^file_wrong_password(_or_key)?$/);
}
