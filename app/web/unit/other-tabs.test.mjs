import assert from "node:assert/strict";
import { test } from "node:test";
import { preferences, setPreferences } from "../src/state/app.ts";
import { followPreferences } from "../src/state/other-tabs.ts";
import { KEY } from "../src/state/preferences.ts";
import { all } from "../src/state/vault.ts";
import { startCore, turns } from "./core.mjs";

/** Another tab stores these preferences. */
async function storedElsewhere(chosen, key = KEY) {
  localStorage.setItem(KEY, JSON.stringify({ ...preferences.value, ...chosen }));
  dispatchEvent(Object.assign(new Event("storage"), { key }));
  await turns();
}

test("preferences of another tab apply", async () => {
  const calls = [];
  const answer = (method, result) => (params) => {
    calls.push([method, params]);
    return result;
  };
  await startCore({ keep_copy: answer("keep_copy", {}), list: answer("list", { items: [] }), waiting: () => ({ pending: 0 }) });
  followPreferences();

  await storedElsewhere({ autoLockMinutes: 1, theme: "dark" });
  assert.equal(preferences.value.autoLockMinutes, 1);
  assert.equal(document.documentElement.dataset.theme, "dark");
  setPreferences({ density: "compact" });
  assert.equal(JSON.parse(localStorage.getItem(KEY)).autoLockMinutes, 1);

  await storedElsewhere({ sort: "created" }); // nothing to sort yet
  assert.deepEqual(calls, []);
  all.value = [];
  await storedElsewhere({ sort: "changed", keepCopy: false });
  assert.deepEqual(calls[0], ["keep_copy", { on: false, force: false }]);
  assert.deepEqual(calls[1], ["list", { query: "", sort: "changed" }]);

  await storedElsewhere({ theme: "light" }, "of something else");
  assert.equal(preferences.value.theme, "dark");
});
