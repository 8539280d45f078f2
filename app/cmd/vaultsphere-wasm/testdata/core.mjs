// Runs core.wasm under Node as worker.ts does in the browser: fetch with the session cookie, and a device memory.
import { readFileSync } from "node:fs";

const { CORE_WASM, WASM_EXEC, SERVER, RANGES } = process.env;

const jar = new Map();
const realFetch = globalThis.fetch;
export const requests = [];
globalThis.fetch = async (path, options = {}) => {
  if (path.startsWith(`${RANGES}/range/`)) {
    requests.push(`${options.method} ${path.slice(RANGES.length)}`);
    return realFetch(path, options);
  }
  if (!path.startsWith("/")) throw new Error(`the core asked for ${path}`);
  requests.push(`${options.method} ${path}`);
  const headers = { ...options.headers };
  if (jar.size) headers.Cookie = [...jar].map(([k, v]) => `${k}=${v}`).join("; ");
  const answer = await realFetch(SERVER + path, { ...options, headers });
  for (const line of answer.headers.getSetCookie()) {
    const [name, value] = line.split(";")[0].split("=");
    if (value && !/Max-Age=0|Max-Age=-/i.test(line)) jar.set(name, value);
    else jar.delete(name);
  }
  return answer;
};

export const memory = new Map();
globalThis.vaultsphereHost = {
  memoryLoad: async (user) => memory.get(user) ?? null,
  memoryStore: async (user, json) => void memory.set(user, json),
  weak: async (passwords) => passwords.map((p) => p.length <= 8), // in the page, strength.wasm says so
};

await import(WASM_EXEC);
const compiled = await WebAssembly.compile(readFileSync(CORE_WASM));

/** Starts a core with empty memory, like a new worker; the cookie and the device memory stay. */
export async function start() {
  delete globalThis.vaultsphere;
  const go = new globalThis.Go();
  void go.run(await WebAssembly.instantiate(compiled, go.importObject));
  const glue = globalThis.vaultsphere;
  const call = async (method, params = {}, onProgress, id) =>
    JSON.parse(await glue.call(method, JSON.stringify(params), onProgress, id));
  return { call, glue };
}

/** What a rejected call says. */
export const failure = (promise) =>
  promise.then(
    (result) => ({ code: "", result }),
    (e) => {
      if (!(e instanceof Error)) throw new Error("the rejection is not an Error");
      return JSON.parse(e.message);
    },
  );

export const forgetCookies = () => jar.clear();
