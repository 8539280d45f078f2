import assert from "node:assert/strict";
import { test } from "node:test";
import { asCoreError, CoreError } from "../src/core/error.ts";

test("an error of the core has a hint and a retry time", () => {
  const e = CoreError.parse('{"code":"throttled","message":"slow down","hint":"wait","retry_after":"30"}');
  assert.deepEqual([e.code, e.message, e.hint, e.retryAfter], ["throttled", "slow down", "wait", 30]);
  const plain = CoreError.parse('{"code":"offline","message":"no network","retry_after":"soon"}');
  assert.deepEqual([plain.hint, plain.retryAfter], ["", 0]);
});

test("any other text becomes an internal error", () => {
  for (const text of ["panic: nil map", "null", "[]", '"text"', '{"code":1,"message":"x"}', '{"code":"x"}', ""]) {
    assert.deepEqual([CoreError.parse(text).code, CoreError.parse(text).message], ["internal", text]);
  }
});

test("any thrown value becomes a core error", () => {
  const own = new CoreError("locked", "locked");
  assert.equal(asCoreError(own), own);
  assert.equal(asCoreError(new TypeError("boom")).message, "boom");
  assert.equal(asCoreError("boom").code, "internal");
  assert.equal(asCoreError(undefined).message, "undefined");
});
