import assert from "node:assert/strict";
import { test } from "node:test";
import { invitationOf } from "../src/core/early.ts";

// The vector of TestInvitationFollowsFromItsSecret.
test("an invitation follows from its secret as in the core", async () => {
  assert.deepEqual(await invitationOf("AAECAwQFBgcICQoLDA0ODw"), {
    id: "bzpcCbpqc_eGgW-C3l2Qyw",
    proof: "Fbgsf4vswRrcr2qpHilazw",
  });
});
