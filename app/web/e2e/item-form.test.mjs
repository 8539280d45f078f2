// The item form: what it saves, when it warns, and which screen follows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { addMany, browser, callCore, done, heading, openPage, registerPerson, server, useStage } from "./stage.mjs";

useStage();

const SIZES = [
  [1280, 800],
  [390, 844],
  [740, 360],
  [320, 256],
];

let page;
const button = (name) => page.getByRole("button", { name, exact: true });
const field = (name) => page.getByLabel(name, { exact: true });
const idOf = async (title) => (await callCore(page, "list", { query: title })).items[0].id;
const stored = async (title) => callCore(page, "get", { id: await idOf(title) });
const choose = (type) => page.getByRole("radio", { name: type, exact: true }).check({ force: true });

async function startItem(title) {
  await page.evaluate(() => (location.hash = "#/new"));
  await heading(page, "New item");
  await choose("Login");
  await field("Item name").fill(title);
}

test("on a phone, the types are one row, which shows the chosen type", async () => {
  const phone = await openPage(browser, server.url, { viewport: { width: 390, height: 844 } });
  await registerPerson(phone, "phone");
  for (const language of ["en", "de", "es", "fr", "ru"]) {
    await phone.evaluate((chosen) => {
      localStorage.setItem("vaultsphere.preferences", JSON.stringify({ language: chosen }));
      dispatchEvent(new StorageEvent("storage", { key: "vaultsphere.preferences" })); // as from another tab
    }, language);
    await phone.locator(`html[lang=${language}]`).waitFor();
    for (const type of ["login", "ssh_key"]) {
      await phone.evaluate((type) => (location.hash = `#/new/${type}`), type);
      await phone.locator(`.segments input[value=${type}]:checked`).waitFor({ state: "attached" });
      const [row, chosen] = await phone.locator(".segments").evaluate((row) => {
        const box = ({ left, right, height }) => ({ left, right, height });
        return [row, row.querySelector("label:has(:checked)")].map((el) => box(el.getBoundingClientRect()));
      });
      assert.ok(row.height <= 50, `${language}: ${row.height} pixels`);
      assert.ok(chosen.left >= row.left && chosen.right <= row.right, `${language}: ${type} is hidden`);
    }
  }
  await done(phone);
});

test("only the fields of the chosen type are saved", async () => {
  page = await openPage(browser, server.url);
  await registerPerson(page, "irma");
  const FIRST = {
    Login: "Username",
    Card: "Cardholder name",
    Identity: "First name",
    "Bank account": "Bank name",
    "SSH key": "Public key",
  };
  const PARTS = { Login: "username", Card: "card", Identity: "identity", "Bank account": "bank_account", "SSH key": "ssh_key" };
  for (const [i, chosen] of ["Note", ...Object.keys(FIRST)].entries()) {
    await startItem(`Switched ${i}`);
    await field("Password").fill("hidden password");
    await field("Website").fill("hidden.example");
    await field("Authenticator key").fill("JBSWY3DPEHPK3PXP");
    for (const [type, label] of Object.entries(FIRST)) {
      await choose(type);
      await field(label).fill(`typed as ${type}`);
    }
    await choose(chosen);
    if (FIRST[chosen]) assert.equal(await field(FIRST[chosen]).inputValue(), `typed as ${chosen}`);
    await button("Save").click();
    await heading(page, `Switched ${i}`);
    const item = await stored(`Switched ${i}`);
    for (const [type, part] of Object.entries(PARTS)) assert.equal(!!item[part], type === chosen, `${part} of ${chosen}`);
    for (const part of ["password", "totp", "urls", "match"]) {
      const saved = Array.isArray(item[part]) ? item[part].length > 0 : !!item[part];
      assert.equal(saved, chosen === "Login" && part !== "match", `${part} of ${chosen}`);
    }
  }
});

test("a bad authenticator key is questioned once", async () => {
  await startItem("Mistyped");
  await field("Authenticator key").fill("not a key!");
  await button("Save").click();
  await heading(page, "Save a key that makes no codes?");
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  assert.equal(await field("Authenticator key").inputValue(), "not a key!");
  assert.equal((await callCore(page, "list", { query: "Mistyped" })).total, 0);
  await button("Save").click();
  await button("Save anyway").click();
  await heading(page, "Mistyped");
  assert.equal((await stored("Mistyped")).totp, "not a key!");
  await button("Edit").click();
  await field("Username").fill("irma");
  await button("Save").click();
  await heading(page, "Mistyped");
  assert.equal((await stored("Mistyped")).username, "irma");
});

test("the form says what it needs", async () => {
  await startItem("");
  const name = field("Item name");
  assert.equal(await name.getAttribute("placeholder"), "For example: GitHub");
  await button("Save").click();
  await page.getByText("Enter a name.").waitFor();
  assert.equal(await name.evaluate((el) => el === document.activeElement && el.ariaInvalid), "true");
  assert.equal(await button("Generate password").innerText(), "Generate");
  await button("Add website").click();
  const [website, remove, more, key] = await Promise.all(
    [
      field("Website 2"),
      button("Remove website 2"),
      button("Add website"),
      page.getByText("Authenticator key", { exact: true }),
    ].map((at) => at.boundingBox()),
  );
  assert.ok(
    remove.y >= website.y && remove.y + remove.height <= website.y + website.height,
    "its button is outside of the field",
  );
  assert.ok(remove.x > website.x && remove.x + remove.width <= website.x + website.width, "its button is outside of the field");
  assert.ok(key.y - more.y - more.height < 40, "a gap below the websites");
  await button("Cancel").click();
  await button("Discard").click();
  await heading(page, "All items");
});

test("the actions of a dialog are always visible", async () => {
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    await startItem("Generated");
    await button("Generate password").click();
    await page.locator(".generated-value .letter").first().waitFor();
    const use = button("Use this password");
    const visible = await use.evaluate((el) => {
      const { left, right, top, bottom } = el.getBoundingClientRect();
      return [top + 2, bottom - 2].every((y) => el.contains(document.elementFromPoint((left + right) / 2, y)));
    });
    assert.ok(visible, `${width}x${height}`);
    await use.click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await button("Cancel").click();
    await button("Discard").click();
    await heading(page, "All items");
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

test("deleting an item opens its neighbour", async () => {
  await addMany(
    page,
    ["Zeta 1", "Zeta 2", "Zeta 3"].map((title) => ({ id: "", type: "note", title, notes: title })),
  );
  const remove = async (title) => {
    await page.getByRole("option", { name: title }).click();
    await heading(page, title);
    await button("Delete").click();
  };
  await remove("Zeta 2");
  await heading(page, "Zeta 3");
  await page.waitForFunction(() => document.activeElement.id === "rows");
  await button("Delete").click();
  await heading(page, "Zeta 1");
  await page.setViewportSize({ width: 390, height: 844 });
  await button("Delete").click();
  await page.waitForFunction(() => location.hash === "#/vault");
});

test("the browser reported no problem", () => assert.deepEqual(page.complaints, []));

test("documents, accounts and API keys keep every field", async () => {
  await page.setViewportSize({ width: 1280, height: 800 });
  const VALUES = {
    "Bank account": {
      part: "bank_account",
      shown: { "Bank name": "First", "Account holder": "Irma K." },
      hidden: { "Account number": "0532013000", PIN: "4711" },
      subtitle: "First, •3000",
    },
    Passport: {
      part: "passport",
      shown: { "Full name": "Irma Kern", "Issuing authority": "Town hall" },
      hidden: { "Passport number": "C01X00T47" },
      dates: { "Expiry date": ["2031-04-30", "April 30, 2031"] },
      subtitle: "Irma Kern, •0T47",
    },
    "Driving licence": {
      part: "drivers_license",
      shown: { "Full name": "Irma Kern", "Licence class": "B" },
      hidden: { "Licence number": "B072RRE2I66" },
      dates: { "Date of birth": ["1988-02-29", "February 29, 1988"] },
      subtitle: "Irma Kern, •2I66",
    },
    "API key": {
      part: "api_key",
      shown: { Username: "deploy" },
      hidden: { Key: "cbl_live_2f9c" },
      dates: { "Valid from": ["2026-01-01", "January 1, 2026"] },
      subtitle: "deploy",
    },
  };
  for (const [type, { part, shown, hidden, dates = {}, subtitle }] of Object.entries(VALUES)) {
    await startItem(`My ${part}`);
    await choose(type);
    const typed = { ...shown, ...hidden, ...Object.fromEntries(Object.entries(dates).map(([label, [day]]) => [label, day])) };
    for (const [label, value] of Object.entries({ ...shown, ...hidden })) await field(label).fill(value);
    for (const [label, [day]] of Object.entries(dates)) {
      const [year, month, date] = day.split("-"); // typed: fields of the vault ignore other input
      await field(label).pressSequentially(month + date + year);
    }
    for (const label of Object.keys(hidden)) assert.equal(await field(label).getAttribute("type"), "password", label);
    await button("Save").click();
    await heading(page, `My ${part}`);
    const saved = (await stored(`My ${part}`))[part];
    assert.deepEqual(Object.values(saved).sort(), Object.values(typed).sort());
    const rows = page.locator(".field-rows");
    for (const value of [...Object.values(shown), ...Object.values(dates).map(([, day]) => day)])
      await rows.getByText(value, { exact: true }).waitFor();
    for (const value of Object.values(hidden)) assert.equal(await rows.getByText(value).count(), 0);
    await page
      .getByRole("option", { name: `My ${part}` })
      .getByText(subtitle, { exact: true })
      .waitFor();
  }
  // A text that is not a date stays, although the browser's control for dates could not show it.
  await addMany(page, [{ id: "", type: "passport", title: "Imported", passport: { expires: "end of 2031" } }]);
  await page.evaluate((id) => (location.hash = `#/item/${id}/edit`), await idOf("Imported"));
  await heading(page, "Edit Imported");
  assert.equal(await field("Expiry date").inputValue(), "end of 2031");
  await field("Full name").fill("Irma");
  await button("Save").click();
  await heading(page, "Imported");
  assert.deepEqual((await stored("Imported")).passport, { expires: "end of 2031", name: "Irma" });
});
