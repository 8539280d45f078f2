import assert from "node:assert/strict";
import { test } from "node:test";
import { call, callForFile, restart, start } from "../src/core/host.ts";
import { startCore, turns } from "./core.mjs";

test("the core loads once and each worker gets keepCopy", async () => {
  const shares = [];
  const core = await startCore({}, { onProgress: (share) => shares.push(share), keepCopy: false });
  assert.equal(shares.at(-1), 1);
  assert.equal(core.worker.url, "/worker.js");
  assert.ok(core.worker.sent[0].module instanceof WebAssembly.Module);
  assert.equal(core.worker.sent[0].keepCopy, false);
});

test("answers may arrive in any order", async () => {
  const core = await startCore();
  const [first, second] = [call("get", { id: "a" }), call("get", { id: "b" })];
  await turns();
  const [a, b] = core.worker.sent.slice(1);
  core.worker.onmessage({ data: { id: b.id, result: '{"title":"B"}' } });
  core.worker.onmessage({ data: { id: a.id, result: '{"title":"A"}' } });
  core.worker.onmessage({ data: { id: 12345, result: "{}" } }); // for an unknown call
  assert.deepEqual([await first, await second], [{ title: "A" }, { title: "B" }]);
});

test("an error rejects with its code", async () => {
  await startCore({
    get: () => {
      throw { code: "not_found", message: "not_found" };
    },
    lock: () => undefined,
  });
  await assert.rejects(call("get", {}), { code: "not_found", message: "not_found" });
  assert.deepEqual(await call("lock", {}), {});
});

test("calls carry files both ways and report progress", async () => {
  const core = await startCore();
  const reported = [];
  const file = new Blob(["content"]);
  const answer = callForFile("attachment", {}, { file, onProgress: (json) => reported.push(json) });
  await turns();
  const sent = core.worker.sent.at(-1);
  assert.equal(sent.file, file);
  core.worker.onmessage({ data: { id: sent.id, progress: '{"done":1}' } });
  core.worker.onmessage({ data: { id: sent.id, result: "{}", file: Uint8Array.of(7) } });
  assert.deepEqual(await answer, { result: {}, file: Uint8Array.of(7) });
  assert.deepEqual(reported, [{ done: 1 }]);
});

test("an aborted signal cancels the call", async () => {
  const core = await startCore();
  const controller = new AbortController();
  const answer = call("index", {}, { signal: controller.signal });
  await turns();
  const { id } = core.worker.sent.at(-1);
  controller.abort();
  assert.deepEqual(core.worker.sent.at(-1), { cancel: id });
  core.worker.onmessage({ data: { id, error: '{"code":"cancelled","message":"cancelled"}' } });
  await assert.rejects(answer, { code: "cancelled" });

  void call("index", {}, { signal: controller.signal }).catch(() => {});
  await turns();
  assert.ok("cancel" in core.worker.sent.at(-1));
});

test("a restart cancels calls and starts a new worker", async () => {
  const core = await startCore();
  const old = core.worker;
  const answer = call("get", {});
  await turns();
  restart();
  await assert.rejects(answer, { code: "cancelled" });
  await turns();
  assert.equal(old.ended, true);
  assert.notEqual(core.worker, old);
  assert.ok(core.worker.sent[0].module);
});

test("a crashed core is reported and replaced", async () => {
  const crashes = [];
  const core = await startCore({ lock: () => undefined }, { onCrash: (message) => crashes.push(message) });
  await call("lock", {});
  const waiting = call("get", {});
  core.worker.onmessage({ data: { stopped: "out of memory" } });
  await assert.rejects(waiting, { code: "cancelled" });
  await turns();
  assert.deepEqual(crashes, ["out of memory"]);
  assert.deepEqual(
    core.workers.map((w) => w.ended),
    [true, false],
  );
  assert.ok(core.worker.sent[0].module);
});

test("a worker that never ran is replaced only by start()", async () => {
  const crashes = [];
  const core = await startCore({}, { onCrash: (message) => crashes.push(message) });
  core.worker.onerror({ preventDefault() {}, message: "" });
  await turns();
  assert.deepEqual(crashes, ["the worker could not be started"]);
  assert.equal(core.workers.length, 1);
  await assert.rejects(call("get", {}), /the core is not running/);
  await start(
    () => {},
    () => {},
    () => true,
  );
  assert.ok(core.worker.sent[0].module);
});
