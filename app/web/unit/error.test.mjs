import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { asCoreError, CoreError } from "../src/core/error.ts";

const logged = mock.method(console, "error", () => {});
beforeEach(() => logged.mock.resetCalls());

test("an error of the core has findings and a retry time", () => {
  const e = CoreError.parse(
    '{"code":"bad_input","findings":[{"code":"field_length","got":7}],"request_id":"17","retry_after":30}',
  );
  assert.deepEqual([e.code, e.findings, e.requestId, e.retryAfter], ["bad_input", [{ code: "field_length", got: 7 }], "17", 30]);
  const plain = CoreError.parse('{"code":"offline","retry_after":"soon"}');
  assert.deepEqual([plain.findings, plain.requestId, plain.retryAfter], [[], "", 0]);
  assert.equal(logged.mock.callCount(), 0);
});

test("any other text is an internal error and is logged", () => {
  for (const text of ["panic: nil map", "null", "[]", '"text"', '{"code":1,"message":"x"}', '{"message":"x"}', ""]) {
    logged.mock.resetCalls();
    assert.equal(CoreError.parse(text).code, "internal");
    assert.deepEqual(
      logged.mock.calls.map((call) => call.arguments),
      [[text]],
    );
  }
});

test("any thrown value becomes a core error", () => {
  const own = new CoreError("locked");
  assert.equal(asCoreError(own), own);
  assert.equal(asCoreError(new TypeError("boom")).code, "internal");
  assert.equal(asCoreError("boom").code, "internal");
  assert.equal(asCoreError(undefined).code, "internal");
});

test("no error carries a sentence: its message is its code", () => {
  for (const e of [CoreError.parse('{"code":"offline","message":"in English"}'), asCoreError(new Error("in English"))]) {
    assert.equal(e.message, e.code);
    assert.doesNotMatch(JSON.stringify({ ...e }), /English/);
  }
});
