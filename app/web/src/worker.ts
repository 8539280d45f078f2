// The worker that runs core.wasm, and strength.wasm from the first password that is judged. It passes calls on and
// keeps the device's memory for the glue; it knows nothing about vaults.
import "go:wasm_exec";
import { memoryLoad, memoryStore } from "./core/device-memory";
import type { CallMessage, FromWorker, ToWorker } from "./core/messages";

interface Glue {
  call(method: string, paramsJSON: string, onProgress?: (json: string) => void): Promise<string>;
}

interface GoRuntime {
  importObject: WebAssembly.Imports;
  run(instance: WebAssembly.Instance): Promise<void>;
}

type Estimate = (password: string, inputs: string[]) => object;

declare const STRENGTH_URL: string;

interface Scope {
  Go: new () => GoRuntime;
  vaultsphereStrength?: Estimate;
  vaultsphere?: Glue;
  vaultsphereHost: { memoryLoad: typeof memoryLoad; memoryStore: typeof memoryStore };
  postMessage(message: FromWorker): void;
  onmessage: ((e: MessageEvent<ToWorker>) => void) | null;
}

const scope = globalThis as unknown as Scope;
scope.vaultsphereHost = { memoryLoad, memoryStore };

let started: Promise<Glue>;

async function start(module: WebAssembly.Module): Promise<Glue> {
  const go = new scope.Go();
  const instance = await WebAssembly.instantiate(module, go.importObject);
  const ended = go.run(instance).then(
    () => "the core ended",
    (e: unknown) => (e instanceof Error ? e.message : String(e)),
  );
  void ended.then((stopped) => scope.postMessage({ stopped }));
  // The glue is in place when main blocks for the first time, which is when run() returns its promise.
  if (!scope.vaultsphere) throw new Error("the core did not announce itself");
  return scope.vaultsphere;
}

let estimate: Promise<Estimate> | undefined;

async function loadEstimate(): Promise<Estimate> {
  const go = new scope.Go();
  const { instance } = await WebAssembly.instantiateStreaming(fetch(STRENGTH_URL), go.importObject);
  void go.run(instance);
  if (!scope.vaultsphereStrength) throw new Error("the strength meter did not announce itself");
  return scope.vaultsphereStrength;
}

async function judge(params: string): Promise<string> {
  const { password, inputs } = JSON.parse(params) as { password: string; inputs: string[] };
  estimate ??= loadEstimate();
  try {
    return JSON.stringify((await estimate)(password, inputs));
  } catch (e) {
    estimate = undefined; // the next password tries again
    throw e;
  }
}

async function answer({ id, method, params }: CallMessage) {
  try {
    const glue = await started;
    const result = method === "strength"
      ? await judge(params)
      : await glue.call(method, params, (progress) => scope.postMessage({ id, progress }));
    scope.postMessage({ id, result });
  } catch (e) {
    scope.postMessage({ id, error: e instanceof Error ? e.message : String(e) });
  }
}

scope.onmessage = ({ data }) => {
  if ("module" in data) started = start(data.module);
  else void answer(data);
};
