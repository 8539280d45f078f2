// The screens by their routes and markup, for tests that look at each in any language. walk.mjs also reaches the states in between.

/** The screens before the vault is open: their route and an element that shows that they are there. */
export const ACCESS = [
  ["sign-in", "#/sign-in", ".panel form"],
  ["register", "#/register", ".panel .strength"],
  ["recover", "#/recover", ".panel textarea"],
];

const key = (name) => (page) => page.keyboard.press(name);
const click = (selector) => (page) => page.locator(selector).first().click();

/** The screens of the open vault. Some open with an action, and Escape closes them. */
export const vaultScreens = (item) => [
  ["vault", "#/vault", ".row"],
  ["palette", "#/vault", ".palette .palette-option", key("Control+k")],
  ["shortcuts", "#/vault", "dialog .shortcuts", key("?")],
  ["item", `#/item/${item}`, ".item-pane:not(:has(form)) h2"],
  ["item-edit", `#/item/${item}/edit`, ".item-pane form h2, .item-pane form input"],
  ["item-new", "#/new/identity", ".item-pane form input"],
  ["health", "#/health", ".page .finding-group"],
  ["generator", "#/generator", ".page .generated-value span"],
  ["import", "#/import", ".page button"],
  ["export", "#/export", ".page .select"],
  ["settings", "#/settings", ".page .badge"],
  ["people", "#/people", ".page .own-fingerprint"],
  ["admin", "#/admin", ".page .user .badge"],
  ["delete-account", "#/settings", "dialog form, dialog .dialog-body", click(".page .button-danger")],
];

/** Shows each screen in turn and collects what `look` finds there. */
export async function findOnScreens(page, screens, look) {
  const found = [];
  for (const [name, hash, shown, open] of screens) {
    await page.evaluate((h) => (location.hash = h), hash);
    if (open) await page.waitForFunction(() => document.querySelector(".row, .page .badge"));
    await open?.(page);
    await page.locator(shown).first().waitFor();
    for (const line of await look(page, name)) found.push(`${name}: ${line}`);
    if (!open) continue;
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
  }
  return found;
}
