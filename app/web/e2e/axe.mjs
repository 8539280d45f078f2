// Accessibility findings of axe.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * Returns the serious and critical findings, one string each; with `rules`, only those of these rules. The debugger injects the
 * source, so the CSP does not block it.
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

/** The findings in the light theme, and those that the dark theme adds. */
export async function findingsInBothThemes(page) {
  await page.emulateMedia({ colorScheme: "light" });
  const light = await findings(page);
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await findings(page, ["color-contrast"]);
  return [...light.map((f) => `light: ${f}`), ...dark.map((f) => `dark: ${f}`)];
}
