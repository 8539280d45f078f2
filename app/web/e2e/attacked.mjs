// Drives the page of one device for the attacks of the folder attack/. Reads commands from standard input, one line of JSON each, and
// answers each with a line.
import { createInterface } from "node:readline";
import { callCore, openPage, startBrowser, tellPage } from "./stage.mjs";

const browser = await startBrowser();
const devices = new Map(); // by the number in each command
let page, url; // of the device that a command is for

/** Waits until the page shows one of several things. Returns which, with its text. Runs for as long as a test may take. */
async function shown() {
  const handle = await page.waitForFunction(() => {
    const text = (element) => element.innerText.replaceAll(/\s*\n\s*/g, " ").trim();
    const alarm = document.querySelector(".alarm");
    if (alarm) {
      const details = [...alarm.querySelectorAll("h1, .finding li")].map(text);
      return { what: "alarm", text: details.join(" ") };
    }
    const alert = [...document.querySelectorAll("[role=alert]")].find((e) => text(e) !== "");
    if (alert) return { what: "message", text: text(alert) };
    if (document.querySelector(".list-foot")) return { what: "list", text: "" };
    const heading = document.querySelector("h1");
    if (heading?.textContent === "Your vault is locked") return { what: "locked", text: "" };
    if (heading?.textContent === "VaultSphere couldn’t start") return { what: "message", text: text(heading.parentElement) };
    if (heading?.textContent === "Sign in") {
      const copies = document.querySelector(".copies");
      return { what: "sign-in", text: `Sign in. ${copies ? text(copies) : ""}` };
    }
    return null;
  });
  return handle.jsonValue();
}

/** The titles that the page shows; none if the vault is locked meanwhile. */
async function titles() {
  try {
    const { items } = await callCore(page, "list", { query: "" });
    return items.map((item) => item.title).sort();
  } catch {
    return [];
  }
}

/** Calls the core. Returns its error, which has a code, or undefined. */
async function attempt(method, params) {
  try {
    await callCore(page, method, params);
    return undefined;
  } catch (e) {
    const code = /"code":"(\w+)"/.exec(e.message);
    return { code: code ? code[1] : e.message };
  }
}

const ALARM = ".alarm";
const MESSAGE = ".toast, .banner, [role=alert]";

const EXPLAINED = '.banner a[href="#/alarm"]';

/** Waits for an alarm or a message. Reads a message at once, because it may leave the screen. */
async function firstSaid() {
  const handle = await page.waitForFunction(
    ([alarm, message, explained]) => {
      if (document.querySelector(alarm)) return { alarm: true };
      const text = document.querySelector(message)?.innerText;
      return text ? { text, explained: document.querySelector(explained) !== null } : null;
    },
    [ALARM, MESSAGE, EXPLAINED],
  );
  return handle.jsonValue();
}

/** What the person sees once the page has synced. */
async function outcome() {
  const first = await shown();
  if (first.what !== "list") return { titles: [], said: first.text };
  const problem = await attempt("sync", {});
  if (!problem || problem.code === "offline") return { titles: await titles(), said: "" };
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))); // the page syncs, too
  const seen = await firstSaid();
  if (seen.alarm) return { titles: [], said: (await shown()).text };
  if (seen.explained) {
    await page.evaluate((link) => document.querySelector(link)?.click(), EXPLAINED); // an alarm may have replaced it
    await page.locator(`${ALARM}, .alarm-cause li`).first().waitFor(); // what the page learns next may be worse
    if (await page.locator(ALARM).isVisible()) return { titles: [], said: (await shown()).text };
    const details = await page.locator("h1, .alarm-cause li").allInnerTexts();
    return { titles: await titles(), said: details.join(" ") };
  }
  return { titles: await titles(), said: seen.text };
}

async function submit(button, fields) {
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
  await page.getByRole("button", { name: button, exact: true }).click();
}

/** Waits until the page has answered a form: it has left it, or says why not. */
async function answered(from) {
  for (;;) {
    const { what } = await shown();
    if (what !== from) return outcome();
    await page.evaluate(() => new Promise((frame) => requestAnimationFrame(frame)));
  }
}

const commands = {
  /** Begins a device with an empty browser profile. */
  async begin(command) {
    devices.set(command.device, { url: command.url, page: await openPage(browser, command.url) });
  },
  async end({ device }) {
    await page.context().close();
    devices.delete(device);
  },
  async signIn({ username, password }) {
    await page.goto(url);
    if ((await shown()).what === "locked") return commands.open({ password }); // the session never ended
    await submit("Sign in", { Username: username, "Master password": password });
    return answered("sign-in");
  },
  async signOut() {
    await attempt("logout", { force: true });
  },
  async open({ password }) {
    await page.goto(url);
    if ((await shown()).what !== "locked") return outcome();
    await submit("Unlock", { "Master password": password });
    return answered("locked");
  },
  async openCopy({ password }) {
    await page.goto(url);
    await page.getByRole("link", { name: /^Open the offline copy/ }).click();
    await submit("Open read-only", { "Master password": password });
    await page.locator(".list-foot").waitFor();
    return { titles: await titles(), said: "" };
  },
  /** Calls the core, as the page does. */
  async call({ method, params }) {
    const problem = await attempt(method, params);
    if (!problem) await tellPage(page);
    return { said: problem ? problem.code : "" };
  },
  async rename({ id, title }) {
    const item = await callCore(page, "get", { id });
    const problem = await attempt("save", { item: { ...item, title } });
    return { said: problem ? problem.code : "" };
  },
  /** Takes the whole vault back by a number of writes. Says what goes wrong, and which items stay as they are. */
  async goBack({ password, writes }) {
    const { said } = await commands.open({ password });
    if (said) return { said };
    await page.goto(`${page.url().split("#")[0]}#/settings`);
    await page.getByRole("button", { name: "Choose…" }).click();
    const dialog = page.getByRole("dialog", { name: "Restore an earlier state" });
    const problem = dialog.getByRole("alert");
    const lines = dialog.locator(".history li");
    await problem.or(lines).first().waitFor();
    if (await problem.isVisible()) return { said: await problem.innerText() };
    await lines
      .nth(writes)
      .getByRole("button", { name: /^Go back to the state of/ })
      .click();
    await problem
      .or(dialog.getByText(/will change:$|^Nothing/))
      .first()
      .waitFor();
    if (await problem.isVisible()) return { said: await problem.innerText() };
    const stay = await dialog.locator(".restore-stays").allInnerTexts();
    if (stay.length > 0) return { said: stay.join(" ").replaceAll(/\s+/g, " ") };
    await dialog.getByRole("button", { name: "Restore", exact: true }).click();
    await page.locator(`[role=dialog] [role=alert], ${MESSAGE}`).first().waitFor();
    return { said: (await problem.isVisible()) ? await problem.innerText() : "" };
  },
  /** All items, with those in the trash. */
  async items() {
    const lists = [await callCore(page, "list", { query: "" }), await callCore(page, "list", { query: "", trash: true })];
    return { items: lists.flatMap((list) => list.items) };
  },
  async token() {
    const cookies = await page.context().cookies();
    return cookies.find((c) => c.name === "vaultsphere");
  },
  /** Leaves the page, so that nothing syncs. */
  async leave() {
    await page.goto("about:blank");
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  ({ page, url } = devices.get(command.device) ?? {});
  try {
    console.log(JSON.stringify({ result: (await commands[command.do](command)) ?? {} }));
  } catch (e) {
    const text = await page?.locator("body").innerText();
    console.log(JSON.stringify({ error: `${e}\nThe page shows: ${text}` }));
  }
}
await browser.close();
