import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { phase, toasts } from "../src/state/app.ts";
import { forgetSteps, offerUndo, undoLast } from "../src/state/undo.ts";
import { startCore, turns } from "./core.mjs";

mock.timers.enable({ apis: ["setTimeout"] }); // toasts stay during a test
await startCore({
  list: () => ({ items: [], total: 0, complete: true }),
  waiting: () => ({ pending: 0, refused: [] }),
});
phase.value = { at: "unlocked", username: "ada" };

beforeEach(() => {
  forgetSteps();
  toasts.value = [];
});

const said = () => toasts.value.at(-1)?.text;

test("steps are undone in reverse, once each", async () => {
  const back = [];
  for (const name of ["one", "two"]) offerUndo(name, async () => back.push(name));
  undoLast();
  await turns();
  assert.deepEqual([back, said()], [["two"], "Undone"]);
  undoLast();
  await turns();
  undoLast();
  await turns();
  assert.deepEqual([back, said()], [["two", "one"], "Nothing to undo."]);
});

test("the button of a toast undoes its step", async () => {
  const back = [];
  for (const name of ["one", "two"]) offerUndo(name, async () => back.push(name));
  const { action } = toasts.value.at(-1);
  action.run();
  action.run(); // a second press does nothing
  await turns();
  assert.deepEqual(back, ["two"]);
  assert.deepEqual(
    toasts.value.map((t) => t.text),
    ["Undone"],
  );
});

const trashed = (n) => `${n} in the trash`;

test("equal changes share a toast and its button", async () => {
  const back = [];
  for (const [name, count] of [
    ["one", 1],
    ["two", 3],
    ["three", 1],
  ])
    offerUndo(trashed, async () => back.push(name), count);
  assert.deepEqual(
    toasts.value.map((t) => t.text),
    ["5 in the trash"],
  );
  toasts.value[0].action.run();
  await turns();
  assert.deepEqual([back, said()], [["three", "two", "one"], "Undone"]);
  undoLast();
  assert.equal(said(), "Nothing to undo.");
});

test("a change is counted alone after another one", async () => {
  const nothing = async () => {};
  offerUndo(trashed, nothing);
  offerUndo("Saved", nothing);
  offerUndo("Saved", nothing);
  assert.equal(said(), "Saved");
  offerUndo(trashed, nothing);
  assert.equal(said(), "1 in the trash");
  undoLast();
  await turns();
  offerUndo(trashed, nothing);
  assert.equal(said(), "1 in the trash");
});

test("twenty steps can be undone", async () => {
  const back = [];
  for (let i = 1; i <= 25; i++) offerUndo(`step ${i}`, async () => back.push(i));
  for (let i = 0; i < 25; i++) undoLast();
  await turns();
  assert.deepEqual(
    back.sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, i) => i + 6),
  );
});

test("a failed undo is shown", async () => {
  offerUndo("one", () => Promise.reject(new Error("offline")));
  undoLast();
  await turns();
  assert.equal(said(), "Couldn’t undo.");
  assert.equal(toasts.value.at(-1).tone, "problem");
});

test("locking forgets the steps", () => {
  offerUndo("one", async () => assert.fail("undone after it was forgotten"));
  forgetSteps();
  undoLast();
  assert.equal(said(), "Nothing to undo.");
});
