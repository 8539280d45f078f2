// A fake core for tests. It answers calls in place of the worker with core.wasm.
import { restart, start } from "../src/core/host.ts";

const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/**
 * Starts the core. `answers` has a function for each method, which receives the parameters. It may throw an object with a code and
 * a message, which becomes the error of the call. Returns the workers, which record the messages of the page.
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
  restart();
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

/** Waits until all pending microtasks and immediates have run. */
export const turns = () => new Promise((done) => setImmediate(done));
