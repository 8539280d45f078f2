// The server loses a change of this device, and shows another history: the vault stays open, read-only.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { logins } from "./samples.mjs";
import { addMany, browser, openPage, PASSWORD, registerPerson, server, signIn, unlock, useStage } from "./stage.mjs";

useStage();
let page, other;

let person = 0;

const entry = (title) => ({ id: "", type: "login", title, username: "ada", password: "1", urls: [] });

const banner = () => page.getByText("The server shows a different history of your vault.");
const row = (at, title) => at.getByRole("option", { name: title });

beforeEach(async () => {
  await page?.context().close();
  await other?.context().close();
  page = await openPage(browser, server.url);
  const name = `alarmed-${++person}`;
  await registerPerson(page, name);
  await addMany(page, logins(3));
  await page.getByText("3 items").waitFor();
  other = await openPage(browser, server.url);
  await signIn(other, name);
  await other.getByText("3 items").waitFor();

  const resend = "**/resend"; // otherwise the device gives the server what it lost
  await page.context().route("**/writes", (route) => route.fulfill({ status: 204 }));
  await page.context().route(resend, (route) => route.abort());
  await addMany(page, [entry("Only here")]);
  await page.context().unroute("**/writes");
  await addMany(other, [entry("Only there")]);
  await page.context().unroute(resend);
  await banner().waitFor();
});

test("the vault stays open and cannot be changed, after a restart too", async () => {
  const check = async () => {
    await banner().waitFor();
    await row(page, "Only here").waitFor();
    assert.equal(await row(page, "Only there").count(), 0);
    await row(page, "Only here").click();
    await page.getByText("ada").first().waitFor();
    for (const name of ["Edit", "Delete"]) assert.equal(await page.getByRole("button", { name, exact: true }).count(), 0, name);
    assert.equal(await page.getByRole("link", { name: "New item" }).count(), 0);
    await page.keyboard.press("n");
    assert.equal(await page.getByLabel("Title", { exact: true }).count(), 0);
  };
  await check();
  await page.evaluate(() => (location.hash = "#/vault"));
  await page.reload();
  await unlock(page);
  await check();
  assert.deepEqual(
    page.complaints.filter((c) => !c.includes("403")),
    [],
  );
});

test("both histories can be brought together", async () => {
  await page.getByRole("link", { name: "What to do" }).click();
  await page.getByText("1 item only on this device").waitFor();
  await page.getByText("1 item only on the server").waitFor();
  await page.getByText("names alarmed-").waitFor();
  if (process.env.PICTURES) await pictures();
  await page.getByRole("button", { name: "Bring both together" }).click();
  await page.getByText("Both histories are together again.").first().waitFor();
  for (const at of [page, other]) for (const title of ["Only here", "Only there"]) await row(at, title).waitFor();
  await banner().waitFor({ state: "detached" });
});

test("the server’s version is accepted with the password alone", async () => {
  await page.getByRole("link", { name: "What to do" }).click();
  await page.getByRole("button", { name: "Use the server’s version" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("You haven’t exported this device’s items yet.").waitFor();
  await dialog.locator("input[type=password]").fill("not the password");
  await page.keyboard.press("Enter");
  await dialog.getByText("Incorrect master password.").waitFor();
  await dialog.locator("input[type=password]").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByText("This device now has the server’s version.").first().waitFor();
  await row(page, "Only there").waitFor();
  assert.equal(await row(page, "Only here").count(), 0);
  await addMany(page, [entry("Afterwards")]);
  await row(other, "Afterwards").waitFor();
});

async function pictures() {
  const shot = (name) => page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: false });
  await shot("desktop-light");
  await page.emulateMedia({ colorScheme: "dark" });
  await shot("desktop-dark");
  await page.setViewportSize({ width: 390, height: 844 });
  await shot("phone-dark");
  await page.emulateMedia({ colorScheme: "light" });
  await shot("phone-light");
  await page.locator(".alarm-ways").last().scrollIntoViewIfNeeded();
  await page.getByRole("button", { name: "Use the server’s version" }).scrollIntoViewIfNeeded();
  await shot("phone-ways");
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("button", { name: "Use the server’s version" }).click();
  await shot("dialog");
  await page.keyboard.press("Escape");
}
