// Loads core.wasm once and runs it in a disposable worker. Locking terminates the worker: WebAssembly never returns memory, so the
// keys are gone only when the worker is. The compiled module contains no data. The next worker reuses it without a download.
import { CoreError } from "./error";
import type { CallMessage, FromWorker, ToWorker } from "./messages";
import type { Progress } from "./protocol.gen";
import { WORKER_SCRIPT } from "./trusted";

declare const CORE_URL: string;
declare const CORE_BYTES: number;

export type Bytes = Uint8Array<ArrayBuffer>;
export type Tell<Event = Progress> = (event: Event) => void;

export interface Answer<R> {
  result: R;
  file: Bytes; // empty if the method returns no file
}

export interface CallOptions {
  onProgress?: Tell<never>; // receives what the method sends before its answer
  file?: Blob;
  signal?: AbortSignal; // cancels the call; what it has done so far remains done
}

interface Pending {
  resolve(answer: Answer<string>): void;
  reject(error: CoreError): void;
  progress?: Tell<never>;
}

let module: Promise<WebAssembly.Module> | undefined;
let worker: Worker | undefined;
let hasModule = false; // the worker has the compiled module
let alive = false; // the worker has sent a message
let nextId = 1;
const pending = new Map<number, Pending>();
let onCrash: (message: string) => void = () => {};
let keepsCopy: () => boolean = () => true;

async function compile(onProgress: (share: number) => void): Promise<WebAssembly.Module> {
  let response: Response;
  try {
    response = await fetch(CORE_URL, { priority: "low" }); // the first screen does not need it
  } catch {
    throw new CoreError("offline");
  }
  if (!response.ok || !response.body) {
    throw new Error(`the server answered ${response.status} for ${CORE_URL}`);
  }
  let seen = 0;
  const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, out) {
      seen += chunk.byteLength;
      onProgress(Math.min(1, seen / CORE_BYTES));
      out.enqueue(chunk);
    },
  });
  const headers = { "Content-Type": "application/wasm" };
  return WebAssembly.compileStreaming(new Response(response.body.pipeThrough(counter), { headers }));
}

function receive({ data }: MessageEvent<FromWorker>) {
  if ("stopped" in data) {
    crash(data.stopped);
    return;
  }
  alive = true;
  const caller = pending.get(data.id);
  if (!caller) return;
  if ("progress" in data) {
    caller.progress?.(JSON.parse(data.progress) as never);
    return;
  }
  pending.delete(data.id);
  if ("result" in data) caller.resolve({ result: data.result, file: data.file ?? new Uint8Array() });
  else caller.reject(CoreError.parse(data.error));
}

/** Starts a worker. Calls that need the core wait in the worker until it gets the compiled module. */
function spawn() {
  worker = new Worker(WORKER_SCRIPT, { type: "module", name: "core" });
  hasModule = false;
  alive = false;
  worker.onmessage = receive;
  worker.onerror = (e) => {
    e.preventDefault();
    crash(e.message || "the worker could not be started");
  };
  void module?.then(sendModule, () => undefined); // start() reports the error
}

function sendModule(compiled: WebAssembly.Module) {
  if (!worker || hasModule) return;
  hasModule = true;
  send({ module: compiled, keepCopy: keepsCopy() });
}

const send = (message: ToWorker, transferred: Transferable[] = []) => worker?.postMessage(message, transferred);

/** Connects the core to the service worker for the next call that needs it. */
export async function connectHandover(port: MessagePort) {
  if (!worker) await module?.then(() => undefined);
  send({ handover: port }, [port]);
}

/** Replaces a worker that crashed. One that never sent a message would crash again, so only start() tries again. */
function crash(message: string) {
  if (alive) restart();
  else stop();
  onCrash(message);
}

/** Terminates the worker with all its memory, and rejects calls in flight as cancelled. */
function stop() {
  worker?.terminate();
  worker = undefined;
  const cut = [...pending.values()];
  pending.clear();
  for (const { reject } of cut) reject(new CoreError("cancelled"));
}

/**
 * Starts the core. `onProgress` receives the loaded share, 0 to 1. `keepCopy` is asked for each worker whether it may keep a sealed
 * copy of the vault on this device. Calls may be made before the core has arrived: they wait for it, also after a failure. Then
 * start() may be called again.
 */
export async function start(
  onProgress: (share: number) => void,
  crashed: (message: string) => void,
  keepCopy: () => boolean,
): Promise<void> {
  onCrash = crashed;
  keepsCopy = keepCopy;
  module ??= compile(onProgress);
  if (!worker) spawn(); // it crashed before
  try {
    sendModule(await module);
  } catch (e) {
    module = undefined;
    throw e;
  }
}

/** Starts a new worker in place of the old one, whose memory is gone and whose calls are rejected as cancelled. */
export function restart() {
  stop();
  spawn();
}

type Method = CallMessage["method"];

/** Calls a method. Calls made before the core has arrived wait for it. */
export async function call<R>(method: Method, params: object, options?: CallOptions): Promise<R> {
  return (await callForFile<R>(method, params, options)).result;
}

/** Calls a method that returns a file. */
export async function callForBytes(method: Method, params: object, options?: CallOptions): Promise<Bytes> {
  return (await callForFile(method, params, options)).file;
}

/** Calls a method that returns a result and a file. */
export async function callForFile<R>(method: Method, params: object, options: CallOptions = {}): Promise<Answer<R>> {
  if (!worker) throw new Error("the core is not running");
  const id = nextId++;
  const { file, onProgress, signal } = options;
  const cancel = () => send({ cancel: id });
  try {
    const answer = await new Promise<Answer<string>>((resolve, reject) => {
      pending.set(id, { resolve, reject, progress: onProgress });
      send({ id, method, params: JSON.stringify(params), ...(file && { file }) });
      signal?.addEventListener("abort", cancel);
      if (signal?.aborted) cancel();
    });
    return { ...answer, result: JSON.parse(answer.result || "{}") as R };
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}
