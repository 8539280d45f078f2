import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import {
  atStake,
  blockedHash,
  discardAndLeave,
  go,
  guard,
  guarded,
  href,
  pageOf,
  replace,
  route,
  stay,
  unguard,
} from "../src/state/route.ts";

beforeEach(() => {
  unguard();
  stay();
  location.hash = "#/vault";
});

test("a hash is split and decoded", () => {
  for (const [hash, parts] of [
    ["", [""]],
    ["#/", [""]],
    ["#/item/a%2Fb/edit", ["item", "a/b", "edit"]],
    ["#settings", ["settings"]],
    ["#/item/100%", ["item", "100%"]],
    ["#/item/%C3%A9", ["item", "é"]],
  ]) {
    location.hash = hash;
    assert.deepEqual(route.value, parts, hash);
  }
});

test("a link encodes its parts", () => {
  const parts = ["item", "a/b#c?d%e é"];
  assert.equal(href(...parts), "#/item/a%2Fb%23c%3Fd%25e%20%C3%A9");
  go(...parts);
  assert.deepEqual(route.value, parts);
  replace("vault");
  assert.deepEqual([location.hash, route.value], ["#/vault", ["vault"]]);
});

test("only screens besides the vault are pages", () => {
  assert.equal(pageOf(["settings"]), "settings");
  for (const parts of [["vault"], ["item", "settings"], [""], []]) assert.equal(pageOf(parts), undefined);
});

test("a form with changes blocks navigation", () => {
  let dirty = true;
  const leave = guard(() => dirty);
  assert.equal(guarded.value, true);
  go("settings");
  assert.deepEqual([blockedHash.value, location.hash, route.value], ["#/settings", "#/vault", ["vault"]]);
  stay();
  assert.deepEqual([blockedHash.value, route.value], [null, ["vault"]]);
  go("settings");
  discardAndLeave();
  assert.deepEqual([blockedHash.value, route.value, guarded.value], [null, ["settings"], false]);
  dirty = false;
  leave();
});

test("a form without changes does not block navigation", () => {
  guard(() => false);
  go("health");
  assert.deepEqual([blockedHash.value, route.value], [null, ["health"]]);
});

test("removing an old guard keeps the new one", () => {
  const old = guard(() => false);
  guard(() => true);
  old();
  go("export");
  assert.equal(blockedHash.value, "#/export");
});

test("a guard says what leaving loses", () => {
  guard(() => true);
  assert.equal(atStake.value, "changes");
  guard(() => true, "phrase");
  assert.equal(atStake.value, "phrase");
});

test("removing a guard closes its dialog", () => {
  const leave = guard(() => true);
  go("settings");
  assert.equal(blockedHash.value, "#/settings");
  leave();
  assert.equal(blockedHash.value, null);
});

test("the browser asks before closing a page with changes", () => {
  const close = () => {
    const e = new Event("beforeunload", { cancelable: true });
    dispatchEvent(e);
    return e.defaultPrevented;
  };
  assert.equal(close(), false);
  guard(() => true);
  assert.equal(close(), true);
});
