// Prints as JSON how long a vault of 10,000 items takes to add, sync, list and index, and how long a keystroke in the search takes:
// the median and the slowest of many.
import { start } from "./core.mjs";

const password = "correct horse battery staple";
const count = Number(process.env.ITEMS ?? 10_000);
let { call } = await start();
await call("prepare_registration", { password });
await call("register", { username: "anna", device: "bench" });
const items = Array.from({ length: count }, (_, i) => ({
  id: "", type: "login", title: `Site ${i} of many`, username: `user${i}@example.org`, urls: [`https://www.site-${i}.example/login`],
  tags: ["imported"], password: `pass-${i}-word`, notes: `note ${i}`,
}));
const add = performance.now();
await call("add_many", { items });
const added = performance.now() - add;

({ call } = await start());
await call("resume");
await call("unlock", { password });
const began = performance.now();
await call("sync");
const synced = performance.now();
const { total } = await call("list", { query: "", limit: 100 });
const listed = performance.now();
await call("index");
const indexed = performance.now();
const keys = [];
for (const word of ["site 9999 of many", "example", "zzz", "user77@", "many site", "note 77"]) {
  for (let n = 1; n <= word.length; n++) {
    const from = performance.now();
    await call("list", { query: word.slice(0, n), limit: 100 });
    keys.push(performance.now() - from);
  }
}
keys.sort((a, b) => a - b);
console.log(JSON.stringify({ items: total, add_ms: added, sync_ms: synced - began, list_ms: listed - synced, index_ms: indexed - listed, search_ms: keys[keys.length >> 1], slowest_search_ms: keys.at(-1) }));
process.exit(0);
