// Pure functions of the screens.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { CoreError } from "../src/core/error.ts";
import { asFile, pickThree } from "../src/screens/access/phrase.tsx";
import { mistake } from "../src/screens/access/recover.tsx";
import { invitable } from "../src/screens/admin/invite.tsx";
import { changed, verdict } from "../src/screens/generator/generator.tsx";
import { grade, uncheckedText } from "../src/screens/health/health.tsx";
import { hinted } from "../src/screens/import/columns.tsx";
import { reasonForNone, wanted } from "../src/screens/import/preview.tsx";
import { counted } from "../src/screens/import/report.tsx";
import { inBytes } from "../src/screens/items/attachments.tsx";
import { grouped } from "../src/screens/items/field-row.tsx";
import { TYPES } from "../src/screens/items/fields.gen.ts";
import { expiry, hasUnknown, isEmpty } from "../src/screens/items/item-fields.tsx";
import { edited, retyped, tidy } from "../src/screens/items/item-form.tsx";
import { initial, kindOf, subtitle, tintOf } from "../src/screens/items/item-type.ts";
import { converted, renamed, ruled, siteName } from "../src/screens/items/list-fields.tsx";
import { halves } from "../src/screens/items/one-time-code.tsx";
import { runs } from "../src/screens/items/secret.tsx";
import { withTags } from "../src/screens/items/tag-field.tsx";
import { heading, withFilter } from "../src/screens/list/filters.tsx";
import { suggestionsFor } from "../src/screens/list/search-box.tsx";
import { alarmOf, digitsIn, inOrder, personKey } from "../src/screens/people/state.ts";
import { clipboardTime } from "../src/screens/settings/settings.tsx";
import { inGroups } from "../src/screens/settings/two-factor.tsx";
import { groupsOf } from "../src/screens/shell/palette.tsx";
import { preferences } from "../src/state/app.ts";
import { DEFAULTS } from "../src/state/preferences.ts";
import { all } from "../src/state/vault.ts";
import { dayOf, today, when } from "../src/texts/dates.ts";
import { loadLaterTexts, showChosenLanguage } from "../src/texts/index.ts";
import { safeName } from "../src/ui/save-file.ts";
import { advice, levelOf } from "../src/ui/strength.tsx";
import { describe, explain, retryIn } from "../src/ui/task.tsx";
import { hostOf, openable } from "../src/ui/url.ts";
import { fits } from "../src/ui/words.ts";

const login = (part) => ({ id: "1", type: "login", title: "Mail", ...part });

async function speak(language) {
  preferences.value = { ...DEFAULTS, language };
  await showChosenLanguage();
}

beforeEach(async () => {
  await speak(DEFAULTS.language);
  await loadLaterTexts();
  all.value = null;
});

test("only http and https URLs become links", () => {
  const links = {
    "example.org": "https://example.org/",
    "http://example.org/a": "http://example.org/a",
    "HTTPS://Example.org": "https://example.org/",
    "localhost:8080/x": "https://localhost:8080/x",
    "mail.example:443": "https://mail.example/",
  };
  for (const [text, link] of Object.entries(links)) assert.equal(openable(text), link, text);
  for (const text of [
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "ftp://x.example",
    "",
    "https://",
    "a b",
  ]) {
    assert.equal(openable(text), null, text);
  }
});

test("a URL is shown by its host", () => {
  assert.equal(hostOf("https://mail.example:8443/in?x"), "mail.example:8443");
  assert.equal(hostOf("mail.example/in"), "mail.example");
  assert.equal(hostOf("not an address"), "not an address");
  assert.equal(hostOf("androidapp://com.example"), "com.example");
});

test("a tile has the first letter and a fixed tint", () => {
  for (const [title, letter] of [
    ["mail", "M"],
    ["  élan", "É"],
    ["🦊 fox", "🦊"],
    ["ßharp", "SS"],
    ["", "?"],
    ["   ", "?"],
  ]) {
    assert.equal(initial(title), letter, title);
  }
  assert.equal(tintOf("Mail"), tintOf("mAIL"));
  const tints = new Set(Array.from({ length: 200 }, (_, i) => tintOf(`item ${i}`)));
  assert.deepEqual([...tints].sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
});

test("a card number is grouped as on the card", () => {
  assert.equal(grouped("4000001234567899"), "4000 0012 3456 7899");
  assert.equal(grouped("4000-0012-3456-7899"), "4000 0012 3456 7899");
  assert.equal(grouped("371449635398431"), "3714 496353 98431");
  assert.equal(grouped("12345"), "1234 5");
  assert.equal(grouped("see the safe, 4000"), "see the safe, 4000");
});

test("the subtitle of a row tells items apart", () => {
  assert.equal(subtitle(login({ username: "ada", url: "https://x.example" })), "ada");
  assert.equal(subtitle(login({ url: "https://x.example/sign-in" })), "x.example");
  assert.equal(subtitle(login({})), "Login");
  assert.equal(subtitle(login({ type: "card", subtitle: "Visa, •4242" })), "Visa, •4242");
  assert.equal(subtitle(login({ unreadable: "damaged", username: "ada" })), "Can’t be opened");
  assert.equal(subtitle(login({ trashed: "2026-01-01T00:00:00Z", username: "ada" })), "Not deleted automatically");
  assert.match(subtitle(login({ trashed: "x", purge: "2026-03-04T12:00:00Z" })), /2026$/);
});

test("an unknown type is shown as an item", () => {
  assert.deepEqual(kindOf("passkey"), { one: "Item", many: "Items", icon: "info" });
  assert.equal(new Set(TYPES.map((t) => kindOf(t).icon)).size, TYPES.length);
});

test("dates follow the locale; malformed ones are empty", async () => {
  const noon = new Date(2026, 10, 5, 12).toISOString(); // in any time zone
  assert.equal(dayOf(noon), "5 Nov 2026"); // the browser prefers British English
  assert.equal(when(undefined), "");
  assert.equal(when("yesterday"), "");
  assert.equal(when(noon), "5 Nov 2026, 12:00");
  assert.match(today(), /^\d{4}-\d\d-\d\d$/);
  await speak("de");
  assert.equal(dayOf(noon), "05.11.2026");
});

test("a secret is split into runs by class", () => {
  const kinds = (text) => runs(text).map((r) => `${r.kind} ${r.text}`);
  assert.deepEqual(kinds("ab12!?c"), ["letter ab", "digit 12", "symbol !?", "letter c"]);
  assert.deepEqual(kinds("é я٣😀"), ["letter é я", "digit ٣", "symbol 😀"]);
  assert.deepEqual(kinds(""), []);
  assert.equal(runs("x".repeat(10_000)).length, 1);
});

test("a code is shown in halves", () => {
  assert.deepEqual(["123456", "12345678", "ABCDE", ""].map(halves), ["123 456", "1234 5678", "ABCDE", ""]);
});

test("a key is shown in groups of four", () => {
  assert.deepEqual(["ABCDEFGH", "ABCDEFGHI", "ABC", ""].map(inGroups), ["ABCD EFGH", "ABCD EFGH I", "ABC", ""]);
});

test("a URL keeps its rule when it changes", () => {
  const start = { urls: ["a", "b"], match: { a: "host", b: "exact" } };
  assert.deepEqual(renamed(start, 0, "c"), { urls: ["c", "b"], match: { b: "exact", c: "host" } });
  assert.deepEqual(renamed(start, 1, ""), { urls: ["a", ""], match: { a: "host" } });
  assert.deepEqual(renamed({ urls: ["a"], match: {} }, 0, "c"), { urls: ["c"], match: {} });
  assert.deepEqual(ruled(start, 0, "never"), { urls: ["a", "b"], match: { a: "never", b: "exact" } });
  assert.deepEqual(ruled(start, 0, ""), { urls: ["a", "b"], match: { b: "exact" } });
  assert.deepEqual(start.match, { a: "host", b: "exact" }, "nothing was changed in place");
});

test("a field becomes a boolean with the right value", () => {
  for (const value of ["1", "true", " YES ", "on", "x"]) assert.equal(converted(value, "boolean"), "true", value);
  for (const value of ["0", "", "no", "truely", "2"]) assert.equal(converted(value, "boolean"), "false", value);
  assert.equal(converted(" yes ", "hidden"), " yes ");
});

test("saving tidies the form", () => {
  const item = login({ id: "", title: "  Mail ", urls: ["a", " ", ""] });
  const saved = tidy({ ...item, tags: ["Smith, John", "home"] });
  assert.deepEqual([saved.title, saved.urls, saved.tags], ["Mail", ["a"], ["Smith, John", "home"]]);
  assert.deepEqual(
    [withTags(["a"], " b, c ,", []), withTags(["a"], "A", []), withTags(["a"], " ", [])],
    [["a", "b", "c"], ["a"], ["a"]],
  );
  assert.deepEqual(withTags([], "WORK,ete,Home", ["Work", "work", "Été", "home", "Home"]), ["Work", "Été", "Home"]);
  assert.deepEqual([edited(login({})).urls, edited(login({ urls: ["a"] })).urls, edited(login({})).fields], [[""], ["a"], []]);
});

test("a login is named after its site", () => {
  const sites = ["https://www.github.com/login", "shop.example.co.uk", "mail.example.org:8443", "localhost", "10.0.0.1", ""];
  assert.deepEqual(sites.map(siteName), ["Github", "Example", "Example", "localhost", "10.0.0.1", ""]);
});

test("operators of the search are completed", () => {
  const values = (words) => suggestionsFor(words, ["Work", "two words", "wool"]).map((s) => s.value);
  assert.deepEqual(values("x -tag:wo"), ["x -tag:Work ", "x -tag:wool ", 'x -tag:"two words" ']);
  assert.deepEqual(values('tag:"two wo'), ['tag:"two words" ']);
  assert.deepEqual(values("type:ca"), ["type:card "]);
  assert.deepEqual([values("type:card"), values("colour:"), values("tag:x y"), values("")], [[], [], [], []]);
});

test("a filter is added to the words of the search and taken out again", () => {
  const both = withFilter("mail", { by: "tag", tag: "two words" });
  assert.equal(both, 'mail tag:"two words" ');
  assert.equal(withFilter(both, { by: "tag", tag: "two words" }), "mail");
  assert.equal(withFilter("", { by: "type", type: "card" }), "type:card ");
  assert.equal(withFilter("mail", { by: "all" }), "mail");
});

test("a changed type hides the parts of the others and keeps them for a return", () => {
  const parts = {
    username: "a",
    password: "b",
    urls: ["c"],
    match: { c: "host" },
    totp: "d",
    card: {},
    bank_account: {},
    identity: {},
    passport: {},
    drivers_license: {},
    api_key: {},
    ssh_key: {},
  };
  const shared = { id: "", title: "Mail", notes: "n", tags: ["t"], fields: [], favourite: true };
  const OWN = {
    login: ["username", "password", "urls", "match", "totp"],
    note: [],
    card: ["card"],
    bank_account: ["bank_account"],
    identity: ["identity"],
    passport: ["passport"],
    drivers_license: ["drivers_license"],
    api_key: ["api_key"],
    ssh_key: ["ssh_key"],
  };
  for (const type of TYPES) {
    const own = Object.fromEntries(OWN[type].map((part) => [part, parts[part]]));
    assert.deepEqual(retyped({ ...shared, ...parts, type: "login" }, type, {}), { ...shared, ...own, type });
    assert.deepEqual(retyped({ ...shared, type: "note" }, type, parts), { ...shared, ...own, type }, `back to ${type}`);
  }
});

test("health says how many passwords were checked for breaches", () => {
  const said = (unchecked, logins) => uncheckedText({ unchecked, logins }, "none", ({ checked, all }) => `${checked} of ${all}`);
  assert.deepEqual([said(300, 300), said(60, 300), said(0, 300)], ["none", "240 of 300", undefined]);
});

test("an import of nothing has a reason", () => {
  for (const [reason, total, statuses] of [
    ["emptyFile", 0, {}],
    ["allThere", 3, { identical: 2, repeated: 1 }],
    ["allSkipped", 3, { identical: 2, changed: 1 }],
  ]) {
    assert.equal(reasonForNone({ total, statuses }), reason);
  }
});

test("an existing item keeps parts it does not show", () => {
  const item = { ...login({ card: { unknown: "{}" }, ssh_key: {} }), id: "a", type: "passkey" };
  assert.deepEqual([tidy(item).card, tidy(item).ssh_key], [{ unknown: "{}" }, {}]);
  assert.equal(hasUnknown(login({ fields: [{ name: "a", value: "" }], card: {} })), false);
  for (const part of [
    { card: { unknown: "{}" } },
    { fields: [{ name: "", value: "", unknown: "1" }] },
    { unknown_details: "{}" },
  ]) {
    assert.equal(hasUnknown(login(part)), true);
  }
});

test("an expiry date may be incomplete", () => {
  assert.equal(expiry({ card: { expiry_month: "9", expiry_year: "2029" } }), "09 / 2029");
  assert.equal(expiry({ card: { expiry_year: "2029" } }), "2029");
  assert.equal(expiry({}), "");
});

test("an item with only a title is empty", () => {
  assert.equal(isEmpty(login({ urls: [], tags: [], fields: [] })), true);
  for (const part of [{ username: "a" }, { notes: "a" }, { urls: ["a"] }, { fields: [{ name: "a", value: "" }] }, { card: {} }]) {
    assert.equal(isEmpty(login(part)), false, JSON.stringify(part));
  }
});

test("generator rules remain possible", () => {
  const rules = DEFAULTS.generator.password;
  assert.equal(changed(rules, { length: 12 }).length, 12);
  assert.equal(changed({ ...rules, length: 8 }, { min_digits: 9 }).length, 12); // one from each other class
  const without = changed(rules, { digits: false });
  assert.deepEqual([without.min_digits, without.min_lower], [0, 1]);
  assert.equal(changed(without, { digits: true }).min_digits, 1);
  assert.deepEqual([0, 44.9, 45, 60, 89.9, 90].map(verdict), [0, 0, 1, 2, 2, 3]);
});

test("a strength level is chosen by its bound", () => {
  const level = (guesses_log10) => levelOf({ guesses_log10 });
  assert.deepEqual([0, 5.99, 6, 8.9, 11.3, 13.5, 40].map(level), [0, 0, 1, 2, 3, 4, 4]);
});

test("advice is translated; unknown codes are ignored", async () => {
  assert.equal(advice("date"), "Dates are often easy to guess.");
  await speak("fr");
  assert.match(advice("date"), /dates/i);
  assert.notEqual(advice("date"), "Dates are often easy to guess.");
  for (const unknown of ["", "somethingNew", "toString"]) assert.equal(advice(unknown), "");
});

test("health has a grade by its score", () => {
  assert.deepEqual([100, 90, 89, 60, 59, 0].map(grade), ["good", "good", "fair", "fair", "poor", "poor"]);
});

test("a column hint has ten characters at most", () => {
  assert.equal(hinted("short"), "short");
  assert.equal(hinted("twelve chars"), "twelve chars");
  assert.equal(hinted("thirteen chars"), "thirteen c…");
});

test("an import counts new and chosen items", () => {
  const preview = { statuses: { new: 5, identical: 3, changed: 2 } };
  assert.equal(wanted(preview, { identical: "skip", changed: "skip", repeated: "skip" }), 5);
  assert.equal(wanted(preview, { identical: "add", changed: "update", repeated: "add" }), 10);
  assert.equal(wanted({ statuses: {} }, { identical: "add", changed: "add", repeated: "add" }), 0);
});

test("relocated values are counted, most frequent first", () => {
  const relocated = [
    { name: "a", as: "note" },
    { name: "b", as: "field" },
    { name: "b", as: "field" },
    { name: "b", as: "note" },
  ];
  assert.deepEqual(
    counted(relocated).map(({ name, as, count }) => `${name} ${as} ${count}`),
    ["b field 2", "a note 1", "b note 1"],
  );
  assert.deepEqual(counted([]), []);
});

test("the heading names the filter", () => {
  assert.deepEqual(
    [{ by: "all" }, { by: "favourite" }, { by: "trash" }, { by: "type", type: "card" }, { by: "tag", tag: "C#" }].map(heading),
    ["All items", "Favourites", "Trash", "Cards", "C#"],
  );
});

test("the palette matches words in any order", () => {
  assert.equal(fits("Gehe zu: Papierkorb", "papier geh"), true);
  assert.equal(fits("Créer une entrée", "creer entree"), true);
  assert.equal(fits("New card", "new note"), false);
});

test("the palette shows recent choices first, once", () => {
  all.value = [login({ id: "m", title: "Mail" })];
  preferences.value = { ...DEFAULTS, recent: ["item m", "command lock", "item gone", "command gone"] };
  const [recent, commands] = groupsOf("", [], null, () => {});
  assert.deepEqual(
    recent.choices.map((c) => c.label),
    ["Mail", "Lock"],
  );
  assert.equal(
    commands.choices.some((c) => c.key === "command lock"),
    false,
  );
  assert.ok(commands.choices.some((c) => c.key === "command undo"));
});

test("a command that starts with the query comes first", () => {
  const hits = [login({ id: "l", title: "Lock shop", username: "ada" }), login({ id: "o", title: "Locker" })];
  const names = (words) => groupsOf(words, hits, null, () => {}).map((g) => g.name);
  const [found, items] = groupsOf("lock", [{ ...hits[0], code: true }, hits[1]], null, () => {});
  assert.equal(found.choices[0].label, "Lock");
  // Fields of the best result can be copied; notes and logins without a username offer fewer.
  assert.deepEqual(
    items.choices.map((c) => c.label),
    ["Lock shop", "Copy password", "Copy username", "Copy verification code", "Locker"],
  );
  assert.deepEqual(names("shop"), [...names("lock")].reverse());
  const [, bare] = groupsOf("lock", hits, null, () => {});
  assert.ok(!bare.choices.some((c) => c.label === "Copy verification code"));
});

test("keywords find commands, after those named so", () => {
  const first = (words) => groupsOf(words, [], null, () => {}).flatMap((g) => g.choices)[0]?.label;
  for (const [words, label] of [
    ["logout", "Sign out"],
    ["log out", "Sign out"],
    ["2fa", "Go to: Settings"],
    ["password generator", "Go to: Generator"],
    ["backup", "Go to: Export"],
    ["dark mode", "Appearance: Dark"],
    ["lock", "Lock"],
  ])
    assert.equal(first(words), label, words);
});

test("while picking a field, only items are listed", () => {
  all.value = Array.from({ length: 20 }, (_, i) => login({ id: String(i), title: `Item ${i}` }));
  const groups = groupsOf("", [], "password", () => {});
  assert.equal(groups.length, 1);
  assert.equal(groups[0].choices.length, 7);
});

test("the phrase sheet numbers all words", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: new Date(2026, 4, 17, 12) });
  const words = Array.from({ length: 24 }, (_, i) => `word${i}`);
  const sheet = asFile(words, "ada");
  assert.match(sheet, /ada/);
  assert.match(sheet, /https:\/\/vault\.example\.org/);
  assert.match(sheet, /^Date: 17 May 2026$/m);
  assert.match(sheet, /^ 1 {2}word0$/m);
  assert.match(sheet, /^24 {2}word23$/m);
});

test("three different words are asked for in order", () => {
  const seen = new Set();
  for (let i = 0; i < 200; i++) {
    const places = pickThree(24);
    assert.equal(new Set(places).size, 3);
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
    for (const p of places) seen.add(p);
  }
  assert.ok([...seen].every((p) => p >= 0 && p < 24));
  assert.ok(seen.size > 20, "the places are not chosen from all words");
});

test("a wrong phrase names the mistake", () => {
  assert.match(mistake(7, 24), /7/);
  assert.notEqual(mistake(0, 25), mistake(0, 24));
});

test("a problem has a sentence, an unknown one its code", () => {
  const of = (code, rest) => explain(new CoreError(code, { message: "in English", ...rest }));
  assert.equal(of("wrong_password"), "Incorrect master password.");
  assert.equal(of("bad_input"), "This can’t be saved.");
  assert.equal(of("bad_input", { findings: [{ code: "password_empty" }] }), "Enter a password.");
  assert.match(of("server_fault", { request_id: "17" }), /\b17\b/);
  for (const code of ["internal", "never_heard_of", "retryInSeconds", "constructor", "toString", "other"]) {
    assert.equal(of(code), `Something went wrong (${code}).`);
  }
  assert.equal(explain({ code: "too_large" }), of("too_large"));
});

test("a finding is described with its values, and with the label of its field", () => {
  assert.equal(
    describe({ code: "field_length", name: "itemForm.fieldValue", number: 3, got: 7, want: 5 }),
    "Value 3: use at most 5 characters. You entered 7.",
  );
  assert.equal(describe({ code: "field_needed", name: "common.password" }), "Password: enter a value.");
  assert.equal(describe({ code: "records_missing", got: 2 }), "2 records are missing.");
  assert.equal(describe({ code: "record_altered", name: "Ab-c_d" }), "Record Ab-c_d was changed.");
  assert.equal(describe({ code: "record_malformed" }), "Record – is malformed.");
  for (const name of ["constructor.name", "problem", "common.nothing", "__proto__"]) {
    assert.equal(describe({ code: "record_altered", name }), `Record ${name} was changed.`);
  }
  for (const code of ["never_heard_of", "constructor"]) assert.equal(describe({ code }), code);
});

test("a wait is in seconds, then in minutes", () => {
  assert.deepEqual([1, 89, 90, 121].map(retryIn), [
    "Try again in 1 second.",
    "Try again in 89 seconds.",
    "Try again in 2 minutes.",
    "Try again in 3 minutes.",
  ]);
});

test("the clipboard time has a fitting unit", () => {
  assert.equal(clipboardTime(10), "10 seconds");
  assert.equal(clipboardTime(60), "1 minute");
  assert.equal(clipboardTime(120), "2 minutes");
  assert.doesNotMatch(clipboardTime(0), /0/);
});

test("sizes use units of 1000", async () => {
  assert.deepEqual([0, 1, 999, 1000, 1_499, 999_499, 1_000_000, 2_340_000].map(inBytes), [
    "0 bytes",
    "1 byte",
    "999 bytes",
    "1 kB",
    "1 kB",
    "999 kB",
    "1 MB",
    "2.3 MB",
  ]);
  await speak("de");
  assert.equal(inBytes(2_340_000), "2,3 MB");
});

test("a file name is made safe", () => {
  for (const [name, safe] of [
    ["deed.pdf", "deed.pdf"],
    ["../../etc/passwd", "__.._etc_passwd"],
    ["C:\\autoexec.bat", "C__autoexec.bat"],
    [".bashrc", "_bashrc"],
    ["bill\u202Efdp.exe", "bill_fdp.exe"],
    ["a\u0000b\nc", "a_b_c"],
    ["", "_"],
    ["...", "_"],
    ["naïve 文.txt", "naïve 文.txt"],
  ]) {
    assert.equal(safeName(name), safe, JSON.stringify(name));
  }
});

test("an invitation is for one line of visible text", () => {
  for (const text of ["", "Anna, third floor", "anna@example.org", "عليّ", "m".repeat(255), "ö".repeat(127)])
    assert.equal(invitable(text), true, text);
  for (const text of ["a\nb", "a\tb", "an\u202ena", "a\u2028b", "m".repeat(256), "ö".repeat(128)])
    assert.equal(invitable(text), false, text);
});

test("fingerprints are counted without what is between the digits", () => {
  assert.equal(digitsIn("12345 67890-1\n2"), "123456789012");
  assert.equal(digitsIn("no digits"), "");
});

test("what needs the user comes first among invitations", () => {
  const sent = (id, state, expires) => ({ id, state, expires });
  const list = [
    sent("a", "expired", "2026-01-09"),
    sent("b", "open", "2026-01-01"),
    sent("c", "open", "2026-01-02"),
    sent("d", "proven", "2026-01-01"),
    sent("e", "forged", "2026-01-01"),
  ];
  assert.deepEqual(
    inOrder(list)
      .map(({ id }) => id)
      .join(""),
    "edcba",
  );
});

test("only what contradicts a verified person is an alarm", () => {
  const bob = { user_id: "1", username: "bob", fingerprint: "00000" };
  const seen = (standing) => new Map([[personKey(bob), { ...bob, standing }]]);
  for (const standing of ["older", "parted", "other_user", "unsure", "invalid"])
    assert.equal(alarmOf(bob, seen(standing)), standing);
  for (const standing of ["verified", "renewed", "gone"]) assert.equal(alarmOf(bob, seen(standing)), undefined);
  assert.equal(alarmOf({ ...bob, fingerprint: "11111" }, seen("parted")), undefined);
});
