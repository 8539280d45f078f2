import assert from "node:assert/strict";
import { test } from "node:test";
import { call, callForFile, restart } from "../src/core/host.ts";
import { startCore, turns } from "./core.mjs";

test("the core is loaded once, its share is told, and each worker learns whether it may keep a copy", async () => {
  const shares = [];
  const core = await startCore({}, { onProgress: (share) => shares.push(share), keepCopy: false });
  assert.equal(shares.at(-1), 1);
  assert.equal(core.worker.url, "/worker.js");
  assert.ok(core.worker.sent[0].module instanceof WebAssembly.Module);
  assert.equal(core.worker.sent[0].keepCopy, false);
});

test("an answer belongs to its call, whichever comes first", async () => {
  const core = await startCore();
  const [first, second] = [call("get", { id: "a" }), call("get", { id: "b" })];
  await turns();
  const [a, b] = core.worker.sent.slice(1);
  core.worker.onmessage({ data: { id: b.id, result: '{"title":"B"}' } });
  core.worker.onmessage({ data: { id: a.id, result: '{"title":"A"}' } });
  core.worker.onmessage({ data: { id: 12345, result: "{}" } }); // of a call that nobody waits for
  assert.deepEqual([await first, await second], [{ title: "A" }, { title: "B" }]);
});

test("an error rejects with its code, and an empty answer is an empty object", async () => {
  await startCore({
    get: () => {
      throw { code: "not_found", message: "not_found" };
    },
    lock: () => undefined,
  });
  await assert.rejects(call("get", {}), { code: "not_found", message: "not_found" });
  assert.deepEqual(await call("lock", {}), {});
});

test("a file goes with the call and comes with the answer, and progress is told on the way", async () => {
  const core = await startCore();
  const told = [];
  const file = new Blob(["content"]);
  const answer = callForFile("attachment", {}, { file, onProgress: (json) => told.push(json) });
  await turns();
  const sent = core.worker.sent.at(-1);
  assert.equal(sent.file, file);
  core.worker.onmessage({ data: { id: sent.id, progress: '{"done":1}' } });
  core.worker.onmessage({ data: { id: sent.id, result: "{}", file: Uint8Array.of(7) } });
  assert.deepEqual(await answer, { result: {}, file: Uint8Array.of(7) });
  assert.deepEqual(told, [{ done: 1 }]);
});

test("a signal asks the core to end the call, also one that was given before", async () => {
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

test("a restart ends the worker, cancels what was under way, and starts another", async () => {
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

test("a core that stops by itself is told as a crash, and another takes its place", async () => {
  const crashes = [];
  const core = await startCore({}, { onCrash: (message) => crashes.push(message) });
  core.worker.onmessage({ data: { stopped: "out of memory" } });
  await turns();
  core.worker.onerror({ preventDefault() {}, message: "" });
  await turns();
  assert.deepEqual(crashes, ["out of memory", "the worker could not be started"]);
  assert.equal(core.workers.filter((w) => !w.ended).length, 1);
});
