import assert from "node:assert/strict";
import { test } from "node:test";
import { comesTrue, done, heading, PASSWORD, server, unlock, useStage, vaultOf } from "./stage.mjs";

const bank = {
  id: "",
  type: "login",
  title: "Bank",
  username: "anna",
  password: "of the bank",
  totp: "JBSWY3DPEHPK3PXP",
  reprompt: true,
};
const mail = { id: "", type: "login", title: "Mail", username: "anna", password: "of the mail", reprompt: true };

useStage();
let page;
const field = () => page.getByLabel("Master password", { exact: true });
const lead = () => page.getByText("Enter your master password to open this item.");
const confirm = async (password = PASSWORD) => {
  await field().fill(password);
  await page.keyboard.press("Enter");
};
const clipboardHas = (value) => comesTrue(page, (value) => navigator.clipboard.readText().then((text) => text === value), value);
const open = async (title) => {
  await page.goto(`${server.url}/#/vault`);
  await page.getByRole("option", { name: title }).click();
  await heading(page, title);
};

test("a protected item asks for the master password", async () => {
  page = await vaultOf("careful", [bank, mail]);
  await open("Bank");
  await lead().waitFor();
  assert.equal(
    await page
      .locator(".item")
      .getByRole("button", { name: /^(Copy|Edit)/ })
      .count(),
    0,
  );
  await confirm("wrong");
  await page.getByText("Incorrect master password.").waitFor();
  await confirm();
  await page.locator(".item").getByRole("button", { name: "Copy password" }).click();
  await clipboardHas("of the bank");

  await open("Mail"); // confirmed for one item only
  await lead().waitFor();
  await page.goto(`${page.url()}/edit`);
  await lead().waitFor();
  assert.equal(await page.getByRole("button", { name: "Save" }).count(), 0);
  await open("Bank");
  await page.getByRole("button", { name: "Edit" }).click();
  assert.equal(await page.getByRole("checkbox", { name: "Ask for the master password" }).isChecked(), true);
  await page.keyboard.press("Escape");
});

test("shortcuts of the list ask for the master password", async () => {
  await page.goto(`${server.url}/#/vault`);
  await page.getByRole("option", { name: "Mail" }).click();
  await page.getByRole("listbox").focus();
  await page.keyboard.press("u");
  await clipboardHas("anna");
  await page.keyboard.press("c");
  const dialog = page.getByRole("dialog", { name: "Mail" });
  await dialog.waitFor();
  await clipboardHas("anna");
  await dialog.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await clipboardHas("of the mail");
});

test("locking and five minutes end the confirmation", async () => {
  await page.keyboard.press("Alt+l");
  await unlock(page);
  await page.clock.install();
  await open("Bank");
  await lead().waitFor();
  await confirm();
  await page.getByRole("button", { name: "Edit" }).waitFor();
  await page.workers()[0].evaluate(() => {
    const { getTime } = Date.prototype;
    Date.prototype.getTime = function () {
      return getTime.call(this) + 300_000;
    };
  });
  await page.clock.fastForward(11_000);
  await lead().waitFor(); // without a step of the person
  await done(page);
});
