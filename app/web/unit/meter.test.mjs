import assert from "node:assert/strict";
import { test } from "node:test";
import { endMeter, strength, weak } from "../src/core/meter.ts";
import { turns } from "./core.mjs";

const workers = [];
globalThis.Worker = class {
  ended = false;
  sent = [];
  constructor(url) {
    this.url = url;
    workers.push(this);
  }
  postMessage(question) {
    this.sent.push(question);
  }
  terminate() {
    this.ended = true;
  }
};

/** The answer of the newest worker to its question. */
async function answer(data) {
  await turns();
  workers.at(-1).onmessage({ data });
}

test("the meter answers one question after the other", async () => {
  const [first, second] = [weak(["a", "b"]), strength({ password: "c", inputs: [] })];
  await turns();
  assert.deepEqual(workers.at(-1).sent, [{ weak: ["a", "b"] }]);
  endMeter(); // it is needed
  await answer({ answer: [true, false] });
  await answer({ answer: { score: 3 } });
  assert.deepEqual([await first, await second], [[true, false], { score: 3 }]);
  assert.deepEqual(workers.at(-1).sent[1], { password: "c", inputs: [] });
  assert.equal(workers.length, 1);
  endMeter();
  assert.equal(workers.at(-1).ended, true);
});

test("after an error, the next question starts another worker", async () => {
  const failed = weak(["a"]);
  await answer({ error: "no memory" });
  await assert.rejects(failed, { message: "no memory" });
  const [missing, found] = [weak(["a"]), weak(["b"])];
  await turns();
  workers.at(-1).onerror({ preventDefault() {}, message: "" });
  await assert.rejects(missing, { message: "the strength meter did not start" });
  await answer({ answer: [true] });
  assert.deepEqual(await found, [true]);
  assert.deepEqual(
    workers.slice(1).map(({ ended }) => ended),
    [true, true, false],
  );
  endMeter();
});

test("the meter ends when it is idle", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const count = workers.length;
  for (let i = 0; i < 2; i++) {
    const answered = weak(["a"]);
    await answer({ answer: [true] });
    await answered;
    t.mock.timers.tick(20_000);
    assert.equal(workers.at(-1).ended, false);
  }
  t.mock.timers.tick(10_000);
  assert.equal(workers.at(-1).ended, true);
  assert.equal(workers.length, count + 1);
});
