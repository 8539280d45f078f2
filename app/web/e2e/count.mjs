// Records the coverage of a page, without its worker, for coverage.mjs.
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Records until the page or its context is closed, if COVERAGE_DIR is set. */
export async function countUntilClosed(page) {
  const dir = process.env.COVERAGE_DIR;
  if (!dir) return;
  await page.coverage.startJSCoverage({ resetOnNavigation: false });
  let written = false;
  const write = async () => {
    if (written) return;
    written = true;
    const scripts = await page.coverage.stopJSCoverage();
    const ours = scripts
      .filter(({ url }) => /\/(later|main|shared|theme)-\w+\.js$/.test(url))
      .map(({ url, functions }) => ({ url, functions }));
    writeFileSync(join(dir, `page-${randomUUID()}.json`), JSON.stringify(ours));
  };
  for (const owner of [page, page.context()]) {
    const close = owner.close.bind(owner);
    owner.close = async () => {
      await write();
      await close();
    };
  }
}
