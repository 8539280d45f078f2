// Records the coverage of a page, without its worker, for coverage.mjs.
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Records until the context is closed, if COVERAGE_DIR is set. */
export async function countUntilClosed(page) {
  const dir = process.env.COVERAGE_DIR;
  if (!dir) return;
  const context = page.context();
  const close = context.close.bind(context);
  await page.coverage.startJSCoverage({ resetOnNavigation: false });
  context.close = async () => {
    context.close = close;
    const scripts = await page.coverage.stopJSCoverage();
    const ours = scripts
      .filter(({ url }) => /\/(later|main|shared|theme)-\w+\.js$/.test(url))
      .map(({ url, functions }) => ({ url, functions }));
    writeFileSync(join(dir, `page-${randomUUID()}.json`), JSON.stringify(ours));
    await close();
  };
}
