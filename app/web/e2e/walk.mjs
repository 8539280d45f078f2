// Visits all screens, for screenshots and the accessibility tests.
import { fileURLToPath } from "node:url";
import { directory, logins, others, rich } from "./samples.mjs";
import {
  addMany,
  beginRegistration,
  CORE,
  callCore,
  closeToasts,
  confirmPhrase,
  heading,
  holdCore,
  PASSWORD,
  signIn,
  unlock,
} from "./stage.mjs";
import { breakItem, cutOff, damageMemory, reconnect, tamperVault, VAULT } from "./tamper.mjs";
import { codeFor } from "./totp.mjs";

/**
 * Visits every screen and calls `visit(name)` at each. The page starts at the sign-in of a server without accounts.
 */
export async function walk(page, visit) {
  const dialogOpen = () => page.locator("dialog[open]").waitFor();
  const close = () => page.locator("dialog[open]").getByRole("button", { name: "Close" }).click();
  const to = (hash) => page.evaluate((h) => (location.hash = h), hash);

  await heading(page, "Sign in");
  const release = await holdCore(page);
  await page.route("**/api/v1/account", (route) => route.fulfill({ status: 502 })); // so that the page cannot choose a form
  await page.reload();
  await page.getByText("Loading…").waitFor();
  await visit("starting");
  await release();
  await page.route(CORE, (route) => route.fulfill({ status: 502 }));
  await page.reload();
  await heading(page, "VaultSphere couldn’t start");
  await visit("broken");
  await page.unroute("**/api/v1/account");
  await page.getByRole("button", { name: "Try again" }).click();
  await heading(page, "Sign in");
  await page.getByRole("alert").waitFor();
  await visit("sign-in-no-core");
  page.complaints = page.complaints.filter((logged) => !logged.includes("502")); // the page logs why it could not start
  await page.unroute(CORE);
  const again = await holdCore(page);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("alert").waitFor({ state: "detached" });
  await signIn(page, "ada");
  await visit("sign-in-waiting");
  await page.getByRole("button", { name: "Cancel" }).click();
  await again();
  await page.reload();
  await heading(page, "Sign in");
  await visit("sign-in");
  await page.getByRole("link", { name: "Create a vault" }).click();
  await heading(page, "Create your vault");
  await page.getByLabel("Username", { exact: true }).fill("ada");
  await page.getByLabel("Master password", { exact: true }).fill("Tr0ub4dor");
  await page.locator(".strength strong").waitFor();
  await visit("register");
  await to("#/sign-in");
  const words = await beginRegistration(page, "ada");
  await visit("phrase");
  await page.getByRole("button", { name: "I’ve saved these words" }).click();
  await heading(page, "Confirm your phrase");
  await visit("phrase-check");
  await page.getByRole("button", { name: "Show the words again" }).click();
  await confirmPhrase(page, words);
  await heading(page, "All items");
  await page.getByText("Your vault is empty").waitFor();
  await visit("vault-empty");
  await to("#/new");
  await heading(page, "New item");
  await page.getByLabel("Item name", { exact: true }).fill("Harbour Mail");
  await page.getByLabel("Password", { exact: true }).fill("correct horse");
  await page.locator(".strength strong").waitFor();
  await visit("item-new");
  await page.getByRole("button", { name: "Generate password" }).click();
  await dialogOpen();
  await page.locator(".generated-value .letter").first().waitFor();
  await visit("item-generate");
  await close();
  await page.getByRole("radio", { name: "Card" }).check();
  await visit("item-new-card");
  await to("#/vault");
  await dialogOpen();
  await visit("unsaved");
  await page.getByRole("button", { name: "Discard" }).click();

  await addMany(page, [...logins(240), ...others, rich]);
  await page.getByText("244 items").waitFor();
  await visit("vault");
  const { items } = await callCore(page, "list", { query: "" });
  const idOf = (title) => items.find((i) => i.title === title).id;
  await to(`#/item/${idOf("Cobalt Cloud console")}`);
  await heading(page, "Cobalt Cloud console");
  await page.getByRole("button", { name: "Show password" }).click();
  await visit("item");
  await page.getByRole("button", { name: "Copy password" }).click();
  await page.getByText("Password copied").last().waitFor();
  await visit("item-copied");
  await page
    .locator(".attachments input")
    .setInputFiles({ name: "Recovery codes.txt", mimeType: "text/plain", buffer: Buffer.from("codes") });
  await page.getByRole("button", { name: "Download Recovery codes.txt" }).waitFor();
  await visit("item-attachments");
  await closeToasts(page);
  await to("#/vault"); // the page notices no change that its own core has made
  const cobalt = await callCore(page, "get", { id: idOf("Cobalt Cloud console") });
  await callCore(page, "save", { item: { ...cobalt, password: "a newer one" } });
  await to(`#/item/${cobalt.id}`);
  await page.locator("summary", { hasText: "Password history" }).click();
  await page.getByRole("button", { name: /^Restore the password from/ }).waitFor();
  await visit("item-history");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("243 items").waitFor();
  await visit("deleted");
  await page.keyboard.press("Control+z");
  await page.getByText("244 items").waitFor();
  await to(`#/item/${idOf("Cobalt Cloud console")}`);
  await heading(page, "Cobalt Cloud console");
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await heading(page, "Edit Cobalt Cloud console");
  await visit("item-edit");
  await to(`#/item/${idOf("Northwind debit card")}`);
  await heading(page, "Northwind debit card");
  await visit("item-card");
  await to(`#/item/${idOf("Ada Fairweather")}`);
  await heading(page, "Ada Fairweather");
  await visit("item-identity");
  await to("#/vault");
  await page.getByLabel("Search vault").fill("cobalt");
  await page.getByText("16 items").waitFor();
  await visit("search");
  await page.getByLabel("Search vault").fill("zzz");
  await page.getByText("No results").waitFor();
  await visit("search-none");
  await page.getByLabel("Search vault").fill("");

  const palette = async (words) => {
    await page.keyboard.press("Control+k");
    await dialogOpen();
    await page.keyboard.type(words);
  };
  await palette("");
  await visit("palette");
  await page.keyboard.type("cobalt");
  await page.locator("dialog").getByText("Copy password").waitFor();
  await visit("palette-found");
  await page.keyboard.type(" zzz");
  await page.getByText("No results").waitFor();
  await visit("palette-none");
  await page.keyboard.press("Escape");
  const list = page.getByRole("listbox");
  await list.focus();
  await page.keyboard.press("x");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowDown");
  await visit("selection");
  await page.getByRole("button", { name: "Edit tags" }).click();
  await dialogOpen();
  await visit("selection-tags");
  await close();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("3 items moved to trash").last().waitFor();
  await palette("trash");
  await page.locator("dialog").getByRole("option", { name: "Go to: Trash" }).click();
  await heading(page, "Trash");
  await visit("trash");
  await page.locator(".row").first().click();
  await page.getByText("In trash since").waitFor();
  await visit("item-trashed");
  await page.getByRole("button", { name: "Delete permanently" }).click();
  await dialogOpen();
  await visit("trash-delete");
  await page.getByRole("button", { name: "Cancel" }).click();
  await to("#/vault");
  await list.focus();
  await page.keyboard.press("Control+a");
  await page.getByRole("button", { name: "Restore" }).click();
  await page.getByText("Trash is empty").waitFor();
  await visit("trash-empty");
  await palette("all items");
  await page.locator("dialog").getByRole("option", { name: "All items" }).click();
  await page.getByText("244 items").waitFor();

  await cutOff(page);
  await page.evaluate(() => dispatchEvent(new Event("online"))); // the page syncs
  await page.getByText("You’re offline.").waitFor();
  await visit("offline");
  await reconnect(page);
  await page.evaluate(() => dispatchEvent(new Event("online"))); // not with the button: the core may have reconnected already
  await page.getByText("You’re offline.").waitFor({ state: "detached" });
  await breakItem(page, idOf("Alder & Sons"));
  await page.getByText("1 item can’t be opened").waitFor();
  await to(`#/item/${idOf("Alder & Sons")}`);
  await heading(page, "This item can’t be opened");
  await visit("unreadable");

  await to("#/generator");
  await heading(page, "Generator");
  await page.locator(".generated-value .letter").first().waitFor();
  await visit("generator");
  await page.getByRole("radio", { name: "Passphrase" }).check();
  await page.getByText("Word separator").waitFor();
  await visit("generator-passphrase");

  await to("#/health");
  await page.locator(".finding-group").first().waitFor();
  await visit("health");
  await to("#/import");
  await heading(page, "Import");
  await visit("import");
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles(fileURLToPath(new URL("../../transfer/testdata/bitwarden/individual.json", import.meta.url)));
  await page.getByText(/items in this file/).waitFor();
  await visit("import-preview");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles({
      name: "values.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(
        "Harbour,nina@example.org,pw-1,https://harbour.example\nQuay,nina@example.org,pw-2,https://quay.example\n",
      ),
    });
  await page.getByLabel("The file has no header row").waitFor();
  await visit("import-columns");
  await to("#/vault");
  await to("#/import");
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles(fileURLToPath(new URL("../../transfer/testdata/keepass/both.kdbx", import.meta.url)));
  await page.getByLabel("File password", { exact: true }).waitFor();
  await visit("import-password");
  await to("#/export");
  await page.getByLabel("Format", { exact: true }).waitFor();
  await visit("export");
  await to("#/settings");
  await heading(page, "Settings");
  await page.locator(".badge").getByText("This device").waitFor();
  await visit("settings");
  await page.getByRole("button", { name: "Change" }).click();
  await dialogOpen();
  await visit("change-password");
  await close();
  await page.getByRole("button", { name: "Turn on" }).click();
  await dialogOpen();
  await page.locator("dialog").getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Continue" }).click();
  const secret = (await page.locator(".totp-key").textContent()).replaceAll(" ", "");
  await visit("totp");
  await page.getByLabel("6-digit code from the app").fill(codeFor(secret, 0));
  await page.locator("dialog").getByRole("button", { name: "Turn on" }).click();
  await page.getByRole("button", { name: "Turn off" }).waitFor();
  await page.getByRole("button", { name: "New phrase" }).click();
  await dialogOpen();
  await visit("new-phrase");
  await close();
  await page.getByRole("button", { name: "New keys" }).click();
  await dialogOpen();
  await page.locator("dialog").getByLabel("Someone may know my master password").check();
  await visit("rotate-keys");
  await close();
  await page.getByRole("button", { name: "Delete account" }).click();
  await dialogOpen();
  await visit("delete-account");
  await close();
  await page.getByText("Security log", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Show", exact: true }).first().click();
  await page.locator("dialog li.event").first().waitFor();
  await visit("security-log");
  await close();
  await to("#/people");
  await page.locator(".own-fingerprint").first().waitFor();
  await visit("people");
  await visitAdmin(page, visit);
  await page.keyboard.press("?");
  await dialogOpen();
  await visit("shortcuts");
  await close();
  await closeToasts(page);

  await to("#/new");
  await heading(page, "New item");
  await page.getByLabel("Item name", { exact: true }).fill("Half written");
  const tags = page.getByRole("combobox", { name: "Tags", exact: true });
  for (const tag of ["Smith John", "harbour"]) {
    await tags.fill(tag);
    await tags.press("Enter");
  }
  await visit("item-new-tags");
  await page.keyboard.press("Alt+l");
  await heading(page, "Your vault is locked");
  await unlock(page);
  await page
    .getByRole("status")
    .getByText(/^Your vault was locked while you were/)
    .waitFor();
  await visit("draft-offered");
  await page.getByRole("button", { name: "Discard" }).click();

  await page.keyboard.press("Alt+l");
  await heading(page, "Your vault is locked");
  await visit("unlock");
  await unlock(page, "wrong password");
  await page.getByRole("alert").waitFor();
  await visit("unlock-wrong");
  // A record that no write put, in every response: with the whole vault or with changes.
  const surplus = { item_id: "AqvN7xI0VniQq83vEjRWeA", kind: "overview", version: 1, epoch: 1, token: "gAAA" };
  await tamperVault(page, (vault) => vault.records.push({ ...surplus, revision: vault.revision }));
  await page.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Unlock" }).click();
  await page.getByText("Read-only: the server shows a different history of your vault.").waitFor();
  await visit("alarm-banner");
  await page.getByRole("link", { name: "What to do" }).click();
  await heading(page, "Your vault is read-only");
  await visit("alarm");
  await page.keyboard.press("Alt+l");
  await heading(page, "Your vault is locked");
  await page.unroute(VAULT);
  const repair = await damageMemory(page);
  await unlock(page);
  await heading(page, "The server has an older version of your vault");
  await visit("altered");
  await repair();
  await page.getByRole("button", { name: "Sign out and delete" }).click();
  await dialogOpen();
  await visit("altered-sign-out");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Open the offline copy" }).click();
  await heading(page, "Offline copy");
  await visit("copy");
  await page.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Open read-only" }).click();
  await page.getByText("You’re viewing the offline copy of ada.").waitFor();
  await page.locator(".row").first().waitFor();
  await visit("copy-open");
  await page.locator(".row").first().click();
  await page.locator(".item-header").waitFor();
  await visit("copy-item");
  await page.getByRole("button", { name: "Close the copy" }).first().click();
  await heading(page, "Your vault is locked");
  await page.route("**/api/**", (r) =>
    r.fulfill({ status: 401, json: { code: "unauthorized", message: "no", request_id: "0" } }),
  );
  await unlock(page);
  await heading(page, "Sign in");
  await page.getByRole("link", { name: "Open the offline copy of ada" }).waitFor();
  await visit("sign-in-copy");
  await page.unroute("**/api/**");
  await signIn(page, "ada");
  await page.getByText("Deriving your key").waitFor();
  await visit("deriving");
  await heading(page, "Two-factor authentication");
  await visit("second-factor");
  await page.getByRole("link", { name: "Lost your authenticator?" }).click();
  await heading(page, "Recover your vault");
  await page.getByLabel("Recovery phrase", { exact: true }).fill(words.join(" "));
  await page.getByText("The phrase is complete.").waitFor();
  await visit("recover");

  await to("#/sign-in");
  await heading(page, "Sign in");
  await page.route("**/api/v1/login", (r) =>
    r.fulfill({
      status: 429,
      headers: { "Retry-After": "45" },
      contentType: "application/json",
      body: JSON.stringify({ code: "throttled", message: "too many attempts", request_id: "0" }),
    }),
  );
  await signIn(page, "ada");
  await page.getByText("Too many attempts").waitFor();
  await visit("throttled");
  await page.unroute("**/api/v1/login");
  await page.route("**/api/v1/register/check", (r) =>
    r.fulfill({
      status: 403,
      contentType: "application/json",
      body: JSON.stringify({ code: "invitation_required", message: "an invitation is needed", request_id: "0" }),
    }),
  );
  await page.getByRole("link", { name: "Create a vault" }).click();
  await heading(page, "You need an invitation");
  await visit("invitation");
}

/** The Admin section of a server with one user, and of one with many. */
async function visitAdmin(page, visit) {
  const dialog = page.locator("dialog[open]");
  const close = () => dialog.getByRole("button", { name: "Close" }).click();
  await page.evaluate(() => (location.hash = "#/admin"));
  await heading(page, "Admin");
  await page.getByText("You’re the only active administrator").waitFor();
  await visit("admin-alone");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await dialog.waitFor();
  await visit("admin-invite");
  await dialog.getByRole("radio", { name: "Administrator" }).check();
  await visit("admin-invite-administrator");
  await dialog.getByRole("radio", { name: "User" }).check();
  await dialog.getByRole("button", { name: "Create link" }).click();
  await heading(page, "Invitation link");
  await visit("admin-link");
  await close();
  await page.getByRole("button", { name: /^Revoke the invitation of/ }).click();
  await dialog.waitFor();
  await visit("admin-revoke");
  await close();

  await page.route("**/api/v1/admin/users*", (route) => route.fulfill({ json: { users: directory, more: false } }));
  await page.evaluate(() => (location.hash = "#/vault"));
  await heading(page, "All items");
  await page.evaluate(() => (location.hash = "#/admin"));
  await page.getByText(`${directory.length} users`).waitFor();
  await visit("admin");
  await page.getByRole("button", { name: "Actions for bea" }).click();
  await page.getByRole("menu").waitFor();
  await visit("admin-menu");
  await page.getByRole("menuitem", { name: "Delete in 30 days" }).click();
  await dialog.waitFor();
  await visit("admin-remove");
  await close();
  await page.getByRole("button", { name: "Actions for bea" }).click();
  await page.getByRole("menuitem", { name: "Delete now" }).click();
  await dialog.waitFor();
  await visit("admin-delete");
  await close();
  await page.getByLabel("Filter by name").fill("zzz");
  await visit("admin-none");
  await page.unroute("**/api/v1/admin/users*");
  await page.route("**/api/v1/admin/**", (route) => route.abort("internetdisconnected"));
  await page.evaluate(() => (location.hash = "#/vault"));
  await heading(page, "All items");
  await page.evaluate(() => (location.hash = "#/admin"));
  await page.getByRole("alert").nth(1).waitFor(); // users and events
  await visit("admin-offline");
  await page.unroute("**/api/v1/admin/**");
  page.complaints = page.complaints.filter((logged) => !logged.includes("ERR_INTERNET_DISCONNECTED")); // of the requests above
  await page.evaluate(() => (location.hash = "#/settings"));
  await heading(page, "Settings");
}
