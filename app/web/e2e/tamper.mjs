// Attacks by the server: altered responses.
import { coreOf } from "./stage.mjs";

/** The answers about a vault. */
export const VAULT = /\/api\/v1\/vaults\/[^/]+\?/;

/** Applies `change` to the vault in each response of the server. */
export async function tamperVault(page, change) {
  await page.route(VAULT, async (route) => {
    const response = await route.fetch();
    const vault = await response.json();
    change(vault);
    await route.fulfill({ response, json: vault });
  });
}

export const cutOff = (page) => page.route("**/api/**", (route) => route.abort("internetdisconnected"));
export const reconnect = (page) => page.unroute("**/api/**");

/** Makes one item unreadable, as if a defective client had written it. */
export async function breakItem(page, id) {
  const worker = await coreOf(page);
  await worker.evaluate((broken) => {
    const glue = globalThis.vaultsphere;
    const real = glue.call;
    const finding = { code: "content_unopened" };
    glue.call = async (method, params, ...rest) => {
      if (method === "get" && JSON.parse(params).id === broken) {
        throw new Error(JSON.stringify({ code: "record_unreadable", findings: [finding] }));
      }
      const answer = await real(method, params, ...rest);
      if (method !== "sync" && method !== "list") return answer;
      const result = JSON.parse(answer);
      if (method === "sync") {
        Object.assign(result, { changed: true, unreadable: [{ id: broken, finding }] });
        globalThis.brokenSync = true;
      }
      if (method === "list")
        result.items = result.items.map((i) =>
          i.id === broken ? { id: broken, type: "", title: "", unreadable: "cannot be opened" } : i,
        );
      return JSON.stringify(result);
    };
  }, id);
  // The page syncs when it becomes visible, unless a sync is already running, which does not have the broken item.
  do
    await page.evaluate(() => {
      document.dispatchEvent(new Event("visibilitychange"));
      return new Promise(requestAnimationFrame);
    });
  while (!(await worker.evaluate(() => globalThis.brokenSync)));
}

/** Damages what this device remembers of the vault. Returns a function that repairs it. */
export async function damageMemory(page) {
  const store = (values) =>
    page.evaluate(async (values) => {
      const result = (request) =>
        new Promise((done, fail) => Object.assign(request, { onsuccess: () => done(request.result), onerror: fail }));
      const memory = (await result(indexedDB.open("vaultsphere"))).transaction("memory", "readwrite").objectStore("memory");
      const before = {};
      for (const key of await result(memory.getAllKeys())) {
        const value = await result(memory.get(key));
        if (typeof value !== "string") continue;
        before[key] = value;
        await result(memory.put(values ? values[key] : "{", key));
      }
      return before;
    }, values);
  const intact = await store();
  return () => store(intact);
}
