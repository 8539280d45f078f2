// Runs core.wasm in Node as worker.ts does in the browser, with the session cookie, a device memory and a cache.
import { readFileSync } from "node:fs";

const { CORE_WASM, WASM_EXEC, SERVER, RANGES } = process.env;

globalThis.location = { origin: SERVER };
const jar = new Map();
const realFetch = globalThis.fetch;
export const requests = [];
export const cable = { cut: false };
globalThis.fetch = async (path, options = {}) => {
  if (path.startsWith(`${RANGES}/range/`)) {
    requests.push(`${options.method} ${path.slice(RANGES.length)}`);
    return realFetch(path, options);
  }
  if (!path.startsWith("/")) throw new Error(`the core asked for ${path}`);
  requests.push(`${options.method} ${path}`);
  if (cable.cut) throw new TypeError("Failed to fetch");
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
const locks = new Map(); // the promise that the lock of a user ends
export const cache = new Map();
let handover = null; // to the next core
globalThis.vaultsphereHost = {
  async cacheLoad(name) {
    const { stamp, segments } = cache.get(name) ?? { stamp: "", segments: [] };
    return { stamp, segments: segments.map((segment) => segment.slice()) };
  },
  async cacheStore(name, after, stamp, segment, whole) {
    const cached = cache.get(name) ?? { stamp: "", segments: [] };
    if (cached.stamp !== after) return false;
    cache.set(name, { stamp, segments: [...(whole ? [] : cached.segments), segment.slice()] });
    return true;
  },
  cacheStamp: async (name) => cache.get(name)?.stamp ?? "",
  cacheForget: async (name) => void cache.delete(name),
  memoryLoad: async (user) => memory.get(user) ?? null,
  memoryLock: async (user) => {
    const before = locks.get(user);
    let unlock;
    locks.set(user, new Promise((resolve) => (unlock = resolve)));
    await before;
    return unlock;
  },
  memoryStore: async (user, json) => void (json === null ? memory.delete(user) : memory.set(user, json)),
  memoryList: async () => [...memory.values()],
  handoverStore: async (token, key) => void (handover = { token, key }),
  async handoverLoad() {
    const loaded = handover;
    handover = null;
    return loaded;
  },
  weak: async (passwords) => passwords.map((p) => p.length <= 8), // the page asks strength.wasm
  endMeter() {},
};

await import(WASM_EXEC);
const compiled = await WebAssembly.compile(readFileSync(CORE_WASM));

/** Starts a core with empty memory, like a new worker; the cookie and the device memory stay. */
export async function start() {
  delete globalThis.vaultsphere;
  const go = new globalThis.Go();
  void go.run(await WebAssembly.instantiate(compiled, go.importObject));
  const glue = globalThis.vaultsphere;
  const call = async (method, params = {}, onProgress, id, file) =>
    JSON.parse(await glue.call(method, JSON.stringify(params), onProgress, id, file));
  return { call, glue };
}

/** Calls a method of transfer.wasm in a new instance. */
export async function transfer(method, params, file = new Uint8Array(), onProgress = () => {}) {
  const go = new globalThis.Go();
  const { instance } = await WebAssembly.instantiate(readFileSync(process.env.TRANSFER_WASM), go.importObject);
  void go.run(instance);
  const { result, file: made, error } = globalThis.vaultsphereTransfer(method, JSON.stringify(params), file, onProgress);
  if (error) throw new Error(error);
  return { result: JSON.parse(result), file: made };
}

/** Returns the failure of a rejected call. The code is empty if the call succeeded. */
export const failure = (promise) =>
  promise.then(
    (result) => ({ code: "", result }),
    (e) => {
      if (!(e instanceof Error)) throw new Error("the rejection is not an Error");
      return JSON.parse(e.message);
    },
  );

export const forgetCookies = () => jar.clear();
