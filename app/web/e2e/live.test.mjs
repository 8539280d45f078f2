import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { logins } from "./samples.mjs";
import {
  addMany,
  callCore,
  heading,
  openPage,
  PASSWORD,
  registerPerson,
  signIn,
  startBrowser,
  startServer,
  unlock,
  watch,
} from "./stage.mjs";

const EVENTS = "**/api/v1/events";

let browser, server, page, other;
before(async () => {
  browser = await startBrowser();
  server = await startServer();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

let person = 0;
beforeEach(async () => {
  await page?.context().close();
  await other?.context().close();
  page = await openPage(browser, server.url);
});

/** Opens the same vault in another browser context. */
async function anotherDevice(name) {
  other = await openPage(browser, server.url);
  await signIn(other, name);
  await heading(other, "All items");
}

const rename = async (device, title) => {
  const { items } = await callCore(device, "list", { query: "" });
  const item = await callCore(device, "get", { id: items[0].id });
  await callCore(device, "save", { item: { ...item, title } });
};

test("changes of another device appear without a reload", async () => {
  const name = `person-${++person}`;
  await registerPerson(page, name);
  await anotherDevice(name);
  await addMany(other, logins(1));
  await page.locator(".row").first().click();
  await rename(other, "Renamed elsewhere");
  await page.getByRole("option", { name: "Renamed elsewhere" }).waitFor();
  await heading(page, "Renamed elsewhere");
  const { items } = await callCore(other, "list", { query: "" });
  await callCore(other, "remove", { ids: [items[0].id] });
  await heading(page, "Item not found");
  assert.equal(await page.locator(".row").count(), 0);
});

test("a session ended elsewhere shows the sign-in", async () => {
  const name = `person-${++person}`;
  await registerPerson(page, name);
  await anotherDevice(name);
  await callCore(other, "end_other_sessions", { password: PASSWORD });
  await heading(page, "Sign in");
});

test("changes arrive without event streams", async () => {
  const name = `person-${++person}`;
  await page.route(EVENTS, (route) => route.abort());
  await registerPerson(page, name);
  await anotherDevice(name);
  await addMany(other, logins(1));
  await page.locator(".row").first().waitFor();
});

test("a stream reconnects after an error", async () => {
  const name = `person-${++person}`;
  await page.route(EVENTS, (route) => route.fulfill({ status: 503, headers: { "Retry-After": "1" }, body: "" }));
  await registerPerson(page, name);
  await anotherDevice(name);
  const stream = page.waitForResponse((r) => r.url().endsWith("/api/v1/events") && r.ok());
  await page.unroute(EVENTS);
  await addMany(other, logins(1));
  await stream;
  await page.locator(".row").first().waitFor();
});

test("locking and hiding end the stream", async () => {
  const ended = () => page.waitForEvent("requestfailed", (r) => r.url().endsWith("/api/v1/events"));
  const begun = () => page.waitForResponse(EVENTS);
  let stream = begun();
  await registerPerson(page, `person-${++person}`);
  await stream;

  let end = ended();
  const see = (state) =>
    page.evaluate((s) => {
      Object.defineProperty(document, "visibilityState", { value: s, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await see("hidden");
  await end;
  stream = begun();
  await see("visible");
  await stream;

  end = ended();
  await page.keyboard.press("Alt+l");
  await end;
  await heading(page, "Your vault is locked");
});

/** The revision of a signed write: its number after one byte, the vault's id and the epoch. */
const revisionOf = (write) => Buffer.from(write, "base64url").readBigUInt64BE(1 + 16 + 4);

test("two tabs that save at once never sign two writes of one revision", async () => {
  await registerPerson(page, `person-${++person}`);
  const tab = await page.context().newPage();
  watch(tab);
  await tab.goto(server.url);
  await unlock(tab);
  await heading(tab, "All items");
  const signed = new Map();
  page.context().on("request", (request) => {
    if (request.method() !== "POST" || !request.url().endsWith("/writes")) return;
    const { write } = request.postDataJSON();
    const revision = revisionOf(write);
    signed.set(revision, new Set([...(signed.get(revision) ?? []), write]));
  });
  const save = async (device, from) => {
    for (const item of logins(5)) await callCore(device, "save", { item: { ...item, title: `${item.title} ${from}` } });
  };
  await Promise.all([save(page, "first"), save(tab, "second")]);
  assert.equal(signed.size, 10);
  assert.deepEqual(
    [...signed.values()].filter((writes) => writes.size > 1),
    [],
  );
  for (const device of [page, tab]) {
    await callCore(device, "sync", {});
    assert.equal((await callCore(device, "list", { query: "" })).items.length, 10);
  }
});
