// A fake core for tests: it answers calls in place of core.wasm in its worker.
import { start } from "../src/core/host.ts";

const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/**
 * Starts the core. `answers` has a function of the parameters for each method. It may throw an object with a code and a message,
 * which becomes the error of the call. Returns the messages of the page, and functions to act as the worker.
 */
export async function startCore(answers = {}, { onProgress = () => {}, onCrash = () => {}, keepCopy = true } = {}) {
  const workers = [];
  globalThis.Worker = class {
    constructor(url, options) {
      Object.assign(this, { url, options, sent: [], ended: false });
      workers.push(this);
    }
    postMessage(message) {
      this.sent.push(message);
      if (message.method && answers[message.method]) void this.answer(message);
    }
    async answer({ id, method, params }) {
      let data;
      try {
        data = { id, result: JSON.stringify((await answers[method](JSON.parse(params))) ?? {}) };
      } catch (e) {
        data = { id, error: JSON.stringify(e) };
      }
      if (!this.ended) this.onmessage({ data });
    }
    terminate() {
      this.ended = true;
    }
  };
  globalThis.fetch = async () => new Response(EMPTY_MODULE);
  WebAssembly.compileStreaming = async (response) => WebAssembly.compile(await (await response).arrayBuffer());
  await start(onProgress, onCrash, () => keepCopy);
  return {
    workers,
    get worker() {
      return workers.at(-1);
    },
    /** The parameters of all calls of a method. */
    calls: (method) =>
      workers
        .flatMap((w) => w.sent)
        .filter((m) => m.method === method)
        .map((m) => JSON.parse(m.params)),
  };
}

/** Runs all pending microtasks and immediates. */
export const turns = () => new Promise((done) => setImmediate(done));
