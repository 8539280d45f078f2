// Counts what a page executes of its scripts, for coverage.mjs.
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const PRECISE = { callCount: true, detailed: true };

/** Speaks with the page's workers, which Playwright does not count. What a worker did is lost when it ends. */
async function countWorkers(page) {
  const devtools = await page.context().newCDPSession(page);
  const asked = new Map();
  const workers = new Set();
  let last = 0;
  const ask = (sessionId, method, params = {}) => new Promise((answer) => {
    const id = ++last;
    asked.set(id, { sessionId, answer });
    const gone = () => answer(undefined);
    devtools.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id, method, params }) }).catch(gone);
  });
  devtools.on("Target.receivedMessageFromTarget", ({ message }) => {
    const { id, result } = JSON.parse(message);
    asked.get(id)?.answer(result);
    asked.delete(id);
  });
  devtools.on("Target.attachedToTarget", ({ sessionId }) => {
    workers.add(sessionId);
    void ask(sessionId, "Profiler.enable");
    void ask(sessionId, "Profiler.startPreciseCoverage", PRECISE);
  });
  devtools.on("Target.detachedFromTarget", ({ sessionId }) => {
    workers.delete(sessionId);
    for (const { sessionId: of, answer } of asked.values()) if (of === sessionId) answer(undefined);
  });
  await devtools.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  return async () => {
    const counted = await Promise.all([...workers].map((sessionId) => ask(sessionId, "Profiler.takePreciseCoverage")));
    return counted.flatMap((answer) => answer?.result ?? []);
  };
}

/** Counts until the context is closed, if COVERAGE_DIR says where to write the result. */
export async function countUntilClosed(page) {
  const dir = process.env.COVERAGE_DIR;
  if (!dir) return;
  const context = page.context();
  const close = context.close.bind(context);
  await page.coverage.startJSCoverage({ resetOnNavigation: false });
  const ofWorkers = await countWorkers(page);
  context.close = async () => {
    context.close = close;
    const scripts = [...await page.coverage.stopJSCoverage(), ...await ofWorkers()];
    const ours = scripts.filter(({ url }) => /\/(main|theme|worker|qr)-\w+\.js$/.test(url)).map(({ url, functions }) => ({ url, functions }));
    writeFileSync(join(dir, `page-${randomUUID()}.json`), JSON.stringify(ours));
    await close();
  };
}
