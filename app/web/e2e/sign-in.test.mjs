// The sign-in form and the unlock form before the core has arrived, and a part of the page that does not arrive.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import {
  browser,
  CORE,
  callCore,
  coreOf,
  done,
  heading,
  holdCore,
  openPage,
  PASSWORD,
  recordHeadings,
  registerPerson,
  server,
  signIn,
  useStage,
} from "./stage.mjs";

useStage();
let page;
beforeEach(async () => {
  if (page) return;
  page = await openPage(browser, server.url);
  await registerPerson(page, "early");
});

const alert = () => page.getByRole("alert");
const signOut = async () => {
  await page.keyboard.press("Alt+l");
  await page.getByRole("button", { name: "Sign out" }).click();
  await heading(page, "Sign in");
};

test("unlocking waits for the core, without another form before", async () => {
  const release = await holdCore(page);
  const headings = await recordHeadings(page);
  await page.reload();
  await heading(page, "Your vault is locked");
  await page.getByText("early", { exact: true }).waitFor();
  await page.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Unlock" }).click();
  await page.getByRole("progressbar", { name: "Loading…" }).waitFor();
  await release();
  await heading(page, "All items");
  assert.deepEqual(await headings(), ["Your vault is locked", "All items"]);
});

test("the core does not delay the form", async () => {
  const client = await page.context().newCDPSession(page);
  await client.send("Network.enable");
  const order = new Map();
  client.on("Network.requestWillBeSent", ({ request: { url, initialPriority } }) =>
    order.set(/\/(\w+)-/.exec(url)?.[1], initialPriority),
  );
  await page.reload();
  await heading(page, "Your vault is locked");
  await coreOf(page);
  await client.detach();
  assert.deepEqual([order.get("main"), order.get("shared"), order.get("core")], ["High", "High", "Low"]);
});

test("signing in waits for the core and can be cancelled", async () => {
  await signOut();
  const release = await holdCore(page);
  await page.reload();
  await signIn(page, "early");
  const bar = page.getByRole("progressbar", { name: "Loading…" });
  await bar.waitFor();
  assert.equal(await bar.evaluate((el) => el.position), 0); // -1 would be indeterminate
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Sign in" }).click();
  await bar.waitFor();
  await release();
  await heading(page, "All items");
  await signOut();
});

test("the form keeps its input when the core does not arrive", async () => {
  await page.route(CORE, (route) => route.abort());
  await page.reload();
  await page.getByLabel("Username", { exact: true }).fill("early");
  await alert().getByText("Can’t reach the server. Check your connection.").waitFor();
  await page.unroute(CORE);
  await page.route(CORE, (route) => route.fulfill({ contentType: "application/wasm", body: "not WebAssembly" }));
  await alert().getByRole("button", { name: "Try again" }).click();
  await alert().getByText("Reload the page. If that doesn’t help, update your browser.").waitFor();
  await page.unroute(CORE);
  await page.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click(); // waits
  await alert().getByRole("button", { name: "Try again" }).click();
  await heading(page, "All items");
  page.complaints = page.complaints.filter((logged) => !/ERR_FAILED|WebAssembly/.test(logged));
});

test("a screen that does not arrive can be loaded again", async () => {
  const LATER = /\/later-\w+\.js/;
  await page.route(LATER, (route) => route.fulfill({ status: 404 })); // as after an update
  await page.reload();
  await page.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  const inTheBackground = page.waitForResponse(LATER);
  await page.getByRole("button", { name: "Unlock" }).click();
  await heading(page, "All items");
  await inTheBackground; // else it could arrive later, when nothing stops it any more
  assert.equal(await alert().count(), 0);
  await page.getByRole("link", { name: "Settings" }).first().click();
  await alert().getByText("This part of the page couldn’t be loaded.").waitFor();
  await page.keyboard.press("Control+k");
  const dialog = page.getByRole("dialog", { name: "Commands" });
  await dialog.getByText("This part of the page couldn’t be loaded.").waitFor();
  await page.unroute(LATER);
  await dialog.getByRole("button", { name: "Try again" }).click();
  await dialog.getByRole("combobox").waitFor();
  await page.keyboard.press("Escape");
  await heading(page, "Settings");

  await page.route(LATER, (route) => route.fulfill({ status: 404 }));
  await page.reload();
  await page.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Unlock" }).click();
  await page.getByText("This part of the page couldn’t be loaded.").waitFor();
  await page.getByRole("button", { name: "Reload" }).click();
  await heading(page, "Your vault is locked");
  await page.unroute(LATER);
  page.complaints = page.complaints.filter((logged) => !LATER.test(logged));
  await done(page);
});

test("an account whose username was registered again is opened only with consent", async () => {
  const known = await openPage(browser, server.url);
  await registerPerson(known, "again");
  await known.keyboard.press("Alt+l");
  await known.getByRole("button", { name: "Sign out" }).click();
  await heading(known, "Sign in");

  const other = await openPage(browser, server.url);
  await signIn(other, "again");
  await heading(other, "All items");
  await callCore(other, "delete_account", { password: PASSWORD, force: false });
  await done(other);
  const somebody = await openPage(browser, server.url);
  await registerPerson(somebody, "again");
  await done(somebody);

  const asked = [];
  known.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await signIn(known, "again");
  await known.getByRole("alert").getByText("The server no longer has the account that this device knows").waitFor();
  assert.ok(!asked.includes("/api/v1/login"));
  const consent = known.getByRole("button", { name: "Sign in to the new account" });
  const dialog = known.getByRole("dialog", { name: "Sign in to the new account?" });
  await consent.click();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  assert.ok(!asked.includes("/api/v1/login"));
  await consent.click();
  await dialog.getByRole("button", { name: "Sign in to the new account" }).click();
  await heading(known, "All items");
  await done(known);
});
