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
  await heading(page, `Edit ${hebrew("כותרת")}`);
  for (const name of ["Item name", "Username", "Notes", "Field label 1", "Value 1"])
    assert.equal(await direction(field(name)), "rtl", name);
  await button("Cancel").click();
});

test("the browser reported no problem", () => assert.deepEqual(page.complaints, []));
