import assert from "node:assert/strict";
import test from "node:test";
import { unsuitable } from "../bundled.mjs";

const lock = {
  packages: {
    "": {},
    "node_modules/preact": { license: "MIT" },
    "node_modules/@preact/signals": { license: "MIT" },
    "node_modules/@preact/signals/node_modules/core": { license: "MIT" },
    "node_modules/core": { license: "GPL-3.0", dev: true },
    "node_modules/@types/node": { license: "MIT", dev: true },
  },
};

test("own files and runtime dependencies may be bundled", () => {
  assert.deepEqual(
    unsuitable(
      [
        "src/main.tsx",
        "../../../go/lib/wasm/wasm_exec.js",
        "node_modules/preact/dist/preact.mjs",
        "node_modules/@preact/signals/dist/signals.mjs",
        "node_modules/@preact/signals/node_modules/core/core.mjs",
      ],
      lock,
    ),
    [],
  );
});

test("development dependencies and unknown packages may not be bundled", () => {
  assert.deepEqual(
    unsuitable(
      [
        "node_modules/core/a.js",
        "node_modules/core/b.js",
        "node_modules/@types/node/index.js",
        "node_modules/left/pad.js",
        "node_modules/preact/node_modules/core/core.mjs",
      ],
      lock,
    ),
    [
      "@types/node is bundled, but package.json has it under devDependencies",
      "core is bundled, but is not in package-lock.json",
      "core is bundled, but package.json has it under devDependencies",
      "left is bundled, but is not in package-lock.json",
    ],
  );
});
