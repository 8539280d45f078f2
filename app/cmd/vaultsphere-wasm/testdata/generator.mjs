import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const { STRENGTH_WASM, WASM_EXEC } = process.env;
await import(WASM_EXEC);
const go = new Go();
const { instance } = await WebAssembly.instantiate(readFileSync(STRENGTH_WASM), go.importObject);
void go.run(instance);

const generate = (kind, rules) => globalThis.vaultsphereGenerate(kind, JSON.stringify(rules));
const password = { length: 20, lower: true, upper: true, digits: true, symbols: false, avoid_ambiguous: false, min_digits: 1, min_symbols: 0 };
const made = generate("password", password);
assert.match(made.value, /^[A-Za-z0-9]{20}$/);
assert.ok(made.entropy_bits > 100);
const phrase = { words: 5, separator: " ", capitalize: false, number: false };
assert.equal(generate("passphrase", phrase).value.split(" ").length, 5);

assert.equal(generate("password", { ...password, lower: false, upper: false, digits: false, min_digits: 0 }), null);
assert.equal(generate("password", { ...password, unknown: 1 }), null);
assert.equal(generate("passphrase", { ...phrase, words: 2 }), null);
assert.equal(globalThis.vaultsphereGenerate("password", "{"), null);
assert.equal(generate("password", password).value.length, 20); // still answers
process.exit(0);
