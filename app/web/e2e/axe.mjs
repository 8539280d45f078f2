// What axe finds on a page.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * Serious and critical findings, one line each; of the named rules only, if there are any. The source goes in by the
 * debugger, which no CSP concerns.
 */
export async function findings(page, rules = []) {
  await page.evaluate(`globalThis.axe ?? ${axe}`);
  const violations = await page.evaluate(async (runOnly) => {
    const { violations } = await globalThis.axe.run(document, {
      resultTypes: ["violations"],
      ...(runOnly.length && { runOnly }),
    });
    return violations.map((v) => ({
      id: v.id,
      impact: v.impact,
      help: v.help,
      targets: v.nodes.map((n) => `${n.target} (${n.failureSummary})`),
    }));
  }, rules);
  return violations
    .filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => `${v.id}: ${v.help}\n    ${v.targets.slice(0, 4).join("\n    ")}`);
}

/** The findings in the light theme, and what the dark theme's colours add to them. */
export async function findingsInBothThemes(page) {
  await page.emulateMedia({ colorScheme: "light" });
  const light = await findings(page);
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await findings(page, ["color-contrast"]);
  return [...light.map((f) => `light: ${f}`), ...dark.map((f) => `dark: ${f}`)];
}
