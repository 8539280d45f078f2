import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { logins } from "./samples.mjs";
import {
  addMany,
  beginRegistration,
  browser,
  callCore,
  confirmPhrase,
  heading,
  openPage,
  PASSWORD,
  registerPerson,
  server,
  signIn,
  unlock,
  useStage,
} from "./stage.mjs";
import { breakItem, cutOff, reconnect, tamperVault, VAULT } from "./tamper.mjs";

useStage();
let page;

let person = 0;
let name;
beforeEach(async () => {
  await page?.context().close();
  page = await openPage(browser, server.url);
  name = `person-${++person}`;
});

/** Reloads and waits for the lock screen. A route that is set earlier may miss requests of the starting worker. */
async function reloadLocked() {
  await page.reload();
  await heading(page, "Your vault is locked");
}

test("a wrong password can be corrected", async () => {
  await registerPerson(page, name);
  await page.keyboard.press("Alt+l");
  await unlock(page, "not the password");
  await page.getByText("Incorrect master password.").waitFor();
  assert.equal(await page.getByLabel("Master password", { exact: true }).inputValue(), "");
  await unlock(page);
  await heading(page, "All items");
});

test("too many wrong passwords start a countdown", async () => {
  await page.getByLabel("Username", { exact: true }).fill(name);
  const submit = page.getByRole("button", { name: "Sign in" });
  for (let i = 0; i < 12 && !(await page.getByText("Too many attempts").isVisible()); i++) {
    await signIn(page, name, `guess ${i}`);
    await page.getByRole("alert").waitFor();
    await submit.waitFor();
  }
  await page.getByText(/Too many attempts\. Try again in \d+ seconds?\./).waitFor();
  assert.equal(await submit.isDisabled(), true);
  await page.getByText("You can try again now.").waitFor();
  assert.equal(await submit.isDisabled(), false);
});

test("a taken username keeps password and phrase", async () => {
  const second = await openPage(browser, server.url);
  const words = await beginRegistration(second, name.toUpperCase());
  await registerPerson(page, name); // after the page has checked the name
  await confirmPhrase(second, words);
  await heading(second, "Choose another username");
  await second.getByLabel("Username", { exact: true }).fill(`${name}-b`);
  await second.getByRole("button", { name: "Create vault" }).click();
  await heading(second, "All items");
  await second.keyboard.press("Alt+l");
  await unlock(second); // the password from the first step
  await heading(second, "All items");
  await second.context().close();
});

const wordFields = () => page.getByLabel(/^Word \d+$/);
const labels = () => wordFields().evaluateAll((inputs) => inputs.map((input) => input.labels[0].textContent));

test("wrong words of the phrase are marked", async () => {
  const words = await beginRegistration(page, name);
  await confirmPhrase(
    page,
    words.map((w) => `${w}x`),
  );
  await page
    .getByText(/^That’s not word \d+\./)
    .nth(2)
    .waitFor();
  const asked = await labels();
  const [confirm, back] = await Promise.all(
    ["Confirm", "Show the words again"].map((name) => page.getByRole("button", { name }).boundingBox()),
  );
  assert.deepEqual([back.x, back.width], [confirm.x, confirm.width]);
  const right = words[Number(asked[0].slice(5)) - 1];
  await wordFields().nth(0).fill(right);
  await page.getByRole("button", { name: "Confirm" }).click();
  assert.equal(await page.locator('[aria-invalid="true"]').count(), 2);
  assert.equal(await page.evaluate(() => document.activeElement.labels[0].textContent), asked[1]);

  await page.getByRole("button", { name: "Show the words again" }).click();
  await page.getByRole("button", { name: "I’ve saved these words" }).click();
  assert.deepEqual(await labels(), asked);
  assert.deepEqual(await wordFields().evaluateAll((inputs) => inputs.map((input) => input.value)), [right, "", ""]);
  assert.equal(await page.evaluate(() => document.activeElement.labels[0].textContent), asked[1]);
  for (const i of [1, 2])
    await wordFields()
      .nth(i)
      .fill(words[Number(asked[i].slice(5)) - 1]);
  await page.getByRole("button", { name: "Confirm" }).click();
  await heading(page, "All items");
});

test("going back from the phrase asks first", async () => {
  const words = await beginRegistration(page, name);
  const dialog = page.getByRole("dialog", { name: "Leave without creating your vault?" });
  await page.goBack();
  await dialog.getByRole("button", { name: "Stay" }).click();
  assert.deepEqual(await page.locator(".words b").allTextContents(), words);

  await page.getByRole("button", { name: "I’ve saved these words" }).click();
  await page.goBack();
  await dialog.getByText("The words on this page will no longer be valid.").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Show the words again" }).click();
  await confirmPhrase(page, words);
  await heading(page, "All items");
  assert.equal(await page.getByRole("dialog").count(), 0);
});

test("a registration can be left at the phrase", async () => {
  await beginRegistration(page, name);
  await page.goBack();
  await page.getByRole("button", { name: "Leave" }).click();
  await heading(page, "Sign in");
  await page.getByRole("link", { name: "Create a vault" }).click();
  await heading(page, "Create your vault");
  assert.equal(await page.getByLabel("Username", { exact: true }).inputValue(), "");
});

/** Border colours of a field with and without the focus. */
const borders = (field) =>
  field.evaluate((el) => {
    const now = () => getComputedStyle(el).borderTopColor;
    el.focus();
    const focused = now();
    el.blur();
    return [focused, now()];
  });

test("an invalid field is red", async () => {
  const red = async (field) => {
    const error = page.locator(".field-error");
    await error.waitFor();
    const colour = await error.evaluate((el) => getComputedStyle(el).color);
    assert.deepEqual(await borders(field), [colour, colour]);
  };
  await page.getByRole("link", { name: "Create a vault" }).click();
  await heading(page, "Create your vault");
  await page.getByLabel("Master password", { exact: true }).fill("lantern orbit velvet mustard");
  await page.getByLabel("Confirm master password", { exact: true }).fill("another");
  await red(page.getByLabel("Confirm master password", { exact: true }));
  await page.goto(`${server.url}/#/recover`);
  await page.getByLabel("Recovery phrase", { exact: true }).fill(`${"abandon ".repeat(23)}zzz`);
  await red(page.getByLabel("Recovery phrase", { exact: true }));
});

test("registration names the server and the secrets that cannot be reset", async () => {
  await page.getByText(`Server: ${new URL(server.url).host}`).waitFor();
  await page.getByRole("link", { name: "Create a vault" }).click();
  await heading(page, "Create your vault");
  await page.getByText(`Server: ${new URL(server.url).host}`).waitFor();
  const hint = await page
    .getByLabel("Master password", { exact: true })
    .evaluate((el) => document.getElementById(el.getAttribute("aria-describedby").split(" ")[0]).textContent);
  assert.match(hint, /No one can reset it/);
});

test("a new phrase is active only after it is confirmed", async () => {
  const old = await registerPerson(page, name);
  const opens = async (words) => {
    const other = await openPage(browser, `${server.url}/#/recover`);
    await other.getByLabel("Username", { exact: true }).fill(name);
    await other.getByLabel("Recovery phrase", { exact: true }).fill(words.join(" "));
    await other.getByLabel("New master password", { exact: true }).fill(PASSWORD);
    await other.getByLabel("Confirm new master password", { exact: true }).fill(PASSWORD);
    await other.getByRole("button", { name: "Reset password" }).click();
    const result = other
      .getByRole("heading", { name: "All items" })
      .or(other.getByText("This recovery phrase doesn’t open the vault."));
    await result.waitFor();
    const opened = await other.getByRole("heading", { name: "All items" }).isVisible();
    await other.context().close();
    return opened;
  };
  const dialog = page.getByRole("dialog", { name: "New recovery phrase" });
  const begin = async () => {
    await page.goto(`${server.url}/#/settings`);
    await page.getByRole("button", { name: "New phrase" }).click();
    await dialog.getByLabel("Master password", { exact: true }).fill(PASSWORD);
    await dialog.getByRole("button", { name: "Show new phrase" }).click();
    await dialog.locator(".words b").first().waitFor();
    return dialog.locator(".words b").allTextContents();
  };
  const abandoned = await begin();
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.locator(".toast").getByText("Your old recovery phrase still works.").waitFor();
  const fresh = await begin();
  assert.notDeepEqual(fresh, abandoned);
  await confirmPhrase(page, fresh);
  await page.locator(".toast").getByText("Your new recovery phrase is active.").waitFor();
  assert.equal(await opens(abandoned), false);
  assert.equal(await opens(old), false);
  assert.equal(await opens(fresh), true); // ends the session of this page

  await page.reload();
  await signIn(page, name);
  await heading(page, "All items");
  await begin();
  assert.equal(await opens(fresh), true);
});

const alterations = {
  "a record was dropped": { finding: /^1 record is missing\.$/, change: (vault) => vault.records.pop() },
  "a record was altered": {
    finding: /^Record \S+ was changed\.$/,
    change(vault) {
      const r = vault.records.at(-1);
      r.token = r.token.slice(0, 40) + (r.token[40] === "A" ? "B" : "A") + r.token.slice(41);
    },
  },
  "two records were exchanged": {
    finding: /^(Record \S+ was (changed|swapped with another one)\.){2}$/,
    change(vault) {
      const [a, b] = vault.records.filter((r) => r.kind === "details");
      [a.token, b.token] = [b.token, a.token];
    },
  },
};

for (const [what, { finding, change }] of Object.entries(alterations)) {
  test(`an altered vault is not shown: ${what}`, async () => {
    await registerPerson(page, name);
    await addMany(page, logins(5));
    await page.getByText("5 items").waitFor();
    // A device with a copy fetches only changes. A new device fetches everything.
    const fresh = await openPage(browser, server.url);
    await tamperVault(fresh, change);
    await signIn(fresh, name);
    await heading(fresh, "Your vault may have been tampered with");
    assert.match(await fresh.locator(".finding").textContent(), finding);
    assert.equal(await fresh.locator(".row").count(), 0);
    await fresh.unroute(VAULT);
    await fresh.getByRole("button", { name: "Check again" }).click();
    await unlock(fresh);
    await fresh.getByText("5 items").waitFor();
    await fresh.context().close();
  });
}

test("a rolled-back vault is noticed", async () => {
  await registerPerson(page, name);
  await addMany(page, logins(2));
  let old;
  await reloadLocked();
  await tamperVault(page, (vault) => (old ??= structuredClone(vault)));
  await unlock(page);
  await page.getByText("2 items").waitFor();
  await addMany(page, logins(3));
  await page.getByText("5 items").waitFor();
  await page.unroute(VAULT);
  await reloadLocked();
  await tamperVault(page, (vault) => Object.assign(vault, old));
  await unlock(page);
  await page.getByText("Read-only: the server shows a different history of your vault.").waitFor();
  await page.getByText("5 items").waitFor();
  await page.getByRole("link", { name: "What to do" }).click();
  await page.getByText(/^The server sent version \d+\. This device has already seen version \d+\.$/).waitFor();
});

test("an unreadable item does not affect others", async () => {
  await registerPerson(page, name);
  await addMany(page, logins(3));
  await page.getByText("3 items").waitFor();
  const { items } = await callCore(page, "list", { query: "" });
  await breakItem(page, items[0].id);
  await page.getByText("1 item can’t be opened. Your other items aren’t affected.").waitFor();
  await page.getByRole("option", { name: "Unreadable item" }).click();
  await heading(page, "This item can’t be opened");
  await page.getByText("Its content can’t be decrypted.").waitFor();
  await page.getByRole("option", { name: items[1].title }).click();
  await heading(page, items[1].title);
});

test("without a copy, an offline save keeps the form", async () => {
  await registerPerson(page, name);
  await addMany(page, logins(3));
  await page.getByText("3 items").waitFor();
  await page.evaluate(() => (location.hash = "#/settings"));
  await page.getByRole("group", { name: "Offline access" }).getByRole("radio", { name: "Off" }).click();
  await page.evaluate(() => (location.hash = "#/vault"));
  await cutOff(page);
  await page.locator(".row").first().click();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Username", { exact: true }).fill("typed while offline");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Can’t reach the server. Check your connection, then try again.").waitFor();
  assert.equal(await page.getByLabel("Username", { exact: true }).inputValue(), "typed while offline");
  await reconnect(page);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").first().waitFor();
});

test("a redirect to another host is reported", async () => {
  await registerPerson(page, name);
  await addMany(page, logins(1));
  await page.locator(".row").first().click();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.route("**/api/v1/**", (route) =>
    route.fulfill({ status: 307, headers: { Location: "https://login.example.org/" } }),
  );
  await page.getByLabel("Username", { exact: true }).fill("typed behind a redirect");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Something on this network answered instead of your server.").first().waitFor();
  assert.equal((await callCore(page, "waiting", {})).pending, 0);
  await page.unroute("**/api/v1/**");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").first().waitFor();
});

test("a session ended elsewhere shows the sign-in", async () => {
  await registerPerson(page, name);
  const other = await openPage(browser, server.url);
  await signIn(other, name);
  await heading(other, "All items");
  await other.evaluate(() => (location.hash = "#/settings"));
  await other.getByRole("button", { name: "Sign out everywhere else" }).click();
  const ask = other.getByRole("dialog");
  await ask.getByLabel("Master password", { exact: true }).fill("not the password");
  await ask.getByRole("button", { name: "Sign out" }).click();
  await ask.getByText("Incorrect master password.").waitFor();
  await ask.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await ask.getByRole("button", { name: "Sign out" }).click();
  await other.getByText("Signed out.").first().waitFor();
  await page.evaluate(() => dispatchEvent(new Event("online"))); // the page syncs
  await heading(page, "Sign in");
  await page
    .getByText(/^Your session has ended\. Sign in again/)
    .first()
    .waitFor();
  await other.context().close();
});

test("leaving a form with changes asks first", async () => {
  await registerPerson(page, name, PASSWORD);
  await addMany(page, logins(2));
  await page.locator(".row").first().click();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Username", { exact: true }).fill("half typed");
  await page.goBack();
  await heading(page, "Discard unsaved changes?");
  await page.getByRole("button", { name: "Keep editing" }).click();
  assert.equal(await page.getByLabel("Username", { exact: true }).inputValue(), "half typed");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("button", { name: "Edit", exact: true }).waitFor();
  assert.equal((await page.locator(".item").textContent()).includes("half typed"), false);
});
