// Types of items and fields: SSH keys, custom fields, websites with rules, one-time codes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addMany, callCore, drawQR, heading, openPage, PASSWORD, registerPerson, startBrowser, startServer } from "./stage.mjs";
import { codeFor } from "./totp.mjs";

let browser, server, page;
before(async () => {
  browser = await startBrowser();
  server = await startServer();
  page = await openPage(browser, server.url);
  await registerPerson(page, "imogen");
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const button = (name) => page.getByRole("button", { name, exact: true });
const field = (name) => page.getByLabel(name, { exact: true });
const idOf = async (title) => (await callCore(page, "list", { query: title })).items[0].id;
const stored = async (title) => callCore(page, "get", { id: await idOf(title) });
const row = (label) => page.locator(".field-row", { has: page.locator("dt", { hasText: new RegExp(`^${label}$`) }) });

async function add(type, title) {
  await page.getByRole("link", { name: "New item" }).first().click();
  await page.getByRole("radio", { name: type }).check({ force: true });
  await field("Item name").fill(title);
}

async function save(title) {
  await button("Save").click();
  await heading(page, title);
}

test("an SSH key is unchanged, its private key hidden", async () => {
  const key = {
    public: "ssh-ed25519 AAAAC3Nza deploy@host",
    private: "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n",
    fingerprint: "SHA256:abc",
  };
  await add("SSH key", "Deploy");
  await field("Public key").fill(key.public);
  await field("Private key").fill(key.private);
  await field("Fingerprint").fill(key.fingerprint);
  await save("Deploy");
  assert.deepEqual((await stored("Deploy")).ssh_key, key);
  assert.ok(!(await page.locator(".item").textContent()).includes("OPENSSH"));
  await button("Show private key").click();
  await page.getByText("BEGIN OPENSSH PRIVATE KEY").waitFor();
});

test("custom fields change their kind", async () => {
  await add("Login", "Fields");
  const kinds = [
    ["Plain", "Text", "one"],
    ["Pin", "Hidden", "1234"],
    ["News", "Checkbox", null],
    ["Site", "Link", "https://x.example/a"],
  ];
  for (const [i, [name, kind, value]] of kinds.entries()) {
    await button("Add field").click();
    await field(`Field label ${i + 1}`).fill(name);
    await field(`Field type ${i + 1}`).selectOption(kind);
    if (value === null) await field("News: yes").check();
    else await field(`Value ${i + 1}`).fill(value);
  }
  await save("Fields");
  assert.deepEqual((await stored("Fields")).fields, [
    { name: "Plain", value: "one" },
    { name: "Pin", value: "1234", kind: "hidden" },
    { name: "News", value: "true", kind: "boolean" },
    { name: "Site", value: "https://x.example/a", kind: "link" },
  ]);
  assert.equal(await row("News").locator(".field-row-value").textContent(), "Yes");
  assert.equal(await row("Site").getByRole("link").first().getAttribute("href"), "https://x.example/a");
  await button("Edit").click();
  await field("Field type 1").selectOption("Checkbox");
  await field("Field type 2").selectOption("Text");
  await save("Fields");
  assert.deepEqual((await stored("Fields")).fields.slice(0, 2), [
    { name: "Plain", value: "false", kind: "boolean" },
    { name: "Pin", value: "1234" },
  ]);
});

test("a website keeps its rule when it changes", async () => {
  await add("Login", "Rules");
  await field("Website").fill("https://a.example/x");
  await field("Match detection").selectOption("Starts with");
  await button("Add website").click();
  await field("Website 2").fill("https://b.example");
  await field("Match detection 2").selectOption("Never");
  await field("Website").fill("https://c.example/x");
  await save("Rules");
  assert.deepEqual((await stored("Rules")).match, { "https://c.example/x": "starts", "https://b.example": "never" });
  await button("Edit").click();
  await button("Remove website 2").click();
  await save("Rules");
  const { urls, match } = await stored("Rules");
  assert.deepEqual([urls, match], [["https://c.example/x"], { "https://c.example/x": "starts" }]);
});

/** Draws the QR code as a PNG, like a screenshot. */
const picture = async (rows) =>
  Buffer.from(
    await page.evaluate(async (rows) => {
      const dot = 6;
      const canvas = new OffscreenCanvas(rows.length * dot + 80, rows.length * dot + 80);
      const context = canvas.getContext("2d");
      context.fillStyle = "white";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.fillStyle = "black";
      for (const [y, row] of rows.entries()) {
        for (const [x, cell] of [...row].entries()) if (cell === "1") context.fillRect(40 + x * dot, 40 + y * dot, dot, dot);
      }
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
      return [...bytes];
    }, rows),
  );

test("an authenticator key is read from a picture", async () => {
  const { uri, secret } = await callCore(page, "totp_begin", { password: PASSWORD });
  const png = await picture(await drawQR(page, uri));
  const give = (event) =>
    page.locator(".drop").evaluate(
      (el, [event, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "code.png", { type: "image/png" }));
        const init = { bubbles: true, cancelable: true };
        el.dispatchEvent(
          event === "paste"
            ? new ClipboardEvent("paste", { ...init, clipboardData: data })
            : new DragEvent("drop", { ...init, dataTransfer: data }),
        );
      },
      [event, [...png]],
    );

  await add("Login", "Codes");
  for (const way of ["choose", "paste", "drop"]) {
    await field("Authenticator key").fill("");
    if (way === "choose")
      await page.locator("input[type=file]").setInputFiles({ name: "code.png", mimeType: "image/png", buffer: png });
    else await give(way);
    await page.getByText(/^Current code: \d{3} \d{3}$/).waitFor();
    assert.equal(await field("Authenticator key").inputValue(), uri, way);
  }
  await field("Authenticator key").fill("not a key!");
  await page.getByText("That isn’t a valid authenticator key.").waitFor();
  await page
    .locator("input[type=file]")
    .setInputFiles({ name: "x.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await page.getByText("No QR code found.").waitFor();
  await field("Authenticator key").fill(secret.toLowerCase());
  await save("Codes");

  // The current code, or the next if the period ends meanwhile.
  const codes = [codeFor(secret, 0), codeFor(secret, 1)];
  await page.waitForFunction((codes) => codes.includes(document.querySelector(".code")?.textContent.replace(" ", "")), codes);
  await button("Copy verification code").click();
  await page.getByText("Verification code copied").first().waitFor();
  assert.ok(codes.includes(await page.evaluate(() => navigator.clipboard.readText())));
});

test("counter-based codes advance", async () => {
  // RFC 4226, appendix D
  await addMany(page, [
    { id: "", type: "login", title: "Counter", totp: "otpauth://hotp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=1" },
  ]);
  await page.getByRole("option", { name: /Counter/ }).click();
  const shown = (code) => page.locator(".code", { hasText: code }).waitFor();
  await shown("287 082");
  await button("Next code").click();
  await button("Next code").click();
  await shown("359 152");
});

test("right-to-left text is shown correctly", async () => {
  const hebrew = (word) => `${word} שלום, (abc) 12!`;
  await addMany(page, [
    {
      type: "login",
      title: hebrew("כותרת"),
      username: hebrew("שם"),
      notes: hebrew("הערה"),
      tags: [hebrew("תג")],
      fields: [{ name: hebrew("שדה"), value: hebrew("ערך") }],
    },
  ]);
  const direction = (at) => at.evaluate((e) => getComputedStyle(e).direction);
  await page.evaluate((id) => (location.hash = `#/item/${id}`), await idOf("כותרת"));
  await heading(page, hebrew("כותרת"));
  for (const word of ["כותרת", "שם", "הערה", "תג", "שדה", "ערך"]) {
    const shown = await page.getByText(hebrew(word), { exact: true }).all();
    assert.ok(shown.length > 0, word);
    for (const at of shown) assert.equal(await direction(at), "rtl", `${word}: ${await at.evaluate((e) => e.outerHTML)}`);
  }
  await button("Edit").click();
  await heading(page, `Edit \u2068${hebrew("כותרת")}\u2069`);
  for (const name of ["Item name", "Username", "Notes", "Field label 1", "Value 1"])
    assert.equal(await direction(field(name)), "rtl", name);
  await button("Cancel").click();
});

/** Opens an item and records what is copied from then on. */
async function copiesOf(title) {
  await page.evaluate((id) => (location.hash = `#/item/${id}`), await idOf(title));
  await heading(page, title);
  await page.evaluate(() => {
    window.copied = [];
    navigator.clipboard.writeText = async (text) => void window.copied.push(text);
  });
  return () => page.evaluate(() => window.copied.splice(0));
}

test("a click on a row copies its value", async () => {
  await addMany(page, [
    {
      type: "login",
      title: "Clicks",
      username: "imogen at work",
      password: "s3cret",
      urls: ["https://c.example"],
      notes: "read these three words",
    },
  ]);
  const copied = await copiesOf("Clicks");
  await row("Username").locator("dt").click();
  await row("Password").click({ position: { x: 300, y: 10 } });
  await row("Notes").getByText("read these").click();
  assert.deepEqual(await copied(), ["imogen at work", "s3cret", "read these three words"]);
  await button("Copy password").press("Enter");
  assert.deepEqual(await copied(), ["s3cret"]);
  // Clicks on links and buttons, and selecting text, copy nothing.
  await button("Show password").click();
  await row("Website")
    .getByRole("link", { name: "https://c.example", exact: true })
    .evaluate((a) => {
      a.addEventListener("click", (e) => e.preventDefault());
      a.click();
    });
  assert.deepEqual(await copied(), []);
  await row("Notes")
    .getByText("read these")
    .dblclick({ position: { x: 12, y: 10 } });
  assert.ok((await page.evaluate(() => getSelection().toString())).trim());
  assert.equal((await copied()).length, 1); // by the first of the two clicks
  const { x, y } = await row("Username").locator(".field-row-value").boundingBox();
  await page.mouse.move(x + 2, y + 12);
  await page.mouse.down();
  await page.mouse.move(x + 60, y + 12);
  await page.mouse.up();
  assert.ok(await page.evaluate(() => getSelection().toString()));
  assert.deepEqual(await copied(), []);
  const opacity = () =>
    row("Username")
      .locator(".copy-hint")
      .evaluate((e) => getComputedStyle(e).opacity);
  assert.equal(await opacity(), "1");
  await page.mouse.move(0, 0);
  assert.equal(await opacity(), "0");
  await button("Copy username").focus();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Tab"); // a focus that is visible
  assert.equal(await opacity(), "1");
});

test("a revealed secret says so", async () => {
  await page.evaluate((id) => (location.hash = `#/item/${id}`), await idOf("Clicks"));
  await heading(page, "Clicks");
  if (await button("Hide password").count()) await button("Hide password").click();
  assert.equal(await button("Show password").getAttribute("title"), "Show password");
  await button("Show password").click();
  assert.equal(await button("Hide password").getAttribute("title"), "Hide password");
  await row("Password").getByRole("status").getByText("Password shown").waitFor({ state: "attached" });
  await button("More actions").click();
  await page.getByRole("menuitem", { name: "Show password in large type" }).click();
  const characters = page.getByRole("dialog").getByRole("listitem");
  await characters.first().waitFor();
  assert.deepEqual(await characters.allTextContents(), [..."s3cret"]);
  await button("Close").click();
});

test("the list tells cards and identities apart", async () => {
  await addMany(page, [
    { type: "card", title: "Debit", card: { brand: "Visa", number: "4000001234567899", code: "314" } },
    { type: "identity", title: "Home", identity: { first_name: "Ada", last_name: "Fairweather" } },
  ]);
  await page.getByRole("option", { name: /Debit/ }).getByText("Visa, •7899").waitFor();
  await page.getByRole("option", { name: /Home/ }).getByText("Ada Fairweather").waitFor();
  const copied = await copiesOf("Debit");
  await row("Card number").getByText("•••• 7899").waitFor();
  assert.equal(await row("Security code").getByText("314").count(), 0);
  await button("Show card number").click();
  await row("Card number").getByText("4000 0012 3456 7899", { exact: true }).waitFor();
  await button("Copy card number").click();
  assert.deepEqual(await copied(), ["4000001234567899"]);
});

test("the heading comes first, and a long one takes three lines", async () => {
  const title = "Long name ".repeat(30).trim();
  await addMany(page, [{ type: "login", title, password: "one" }]);
  await page.evaluate((id) => (location.hash = `#/item/${id}`), await idOf("Long name"));
  const at = page.locator(".item h2");
  await at.filter({ hasText: title }).waitFor();
  await page.mouse.move(0, 0);
  const { lines, below, first, hint, opaque, beside } = await at.evaluate((h2) => {
    const bar = document.querySelector(".item-bar");
    const box = h2.getBoundingClientRect();
    return {
      lines: Math.round(box.height / Number.parseFloat(getComputedStyle(h2).lineHeight)),
      below: box.top > bar.getBoundingClientRect().top,
      first: !!(h2.compareDocumentPosition(bar) & Node.DOCUMENT_POSITION_FOLLOWING),
      hint: h2.title,
      opaque: !/rgba|\//.test(getComputedStyle(bar).backgroundColor),
      beside: document.querySelector(".item-header .tile").getBoundingClientRect().top - box.top,
    };
  });
  assert.deepEqual([lines, below, first, hint, opaque], [3, true, true, title, true]);
  assert.ok(Math.abs(beside) < 8, `the tile is ${beside} px from the top`);
  await at.hover();
  assert.ok((await at.boundingBox()).height > 100);
});

test("the history says how many passwords it has", async () => {
  const item = await stored("Clicks");
  await callCore(page, "save", { item: { ...item, password: "another" } });
  await page.evaluate(() => new BroadcastChannel("vaultsphere").postMessage("changed"));
  await page.evaluate((id) => (location.hash = `#/item/${id}`), item.id);
  await heading(page, "Clicks");
  await page.locator("summary", { hasText: "Password history (1)" }).waitFor();
});

test("the browser reported no problem", () => assert.deepEqual(page.complaints, []));
