// Runs transfer.wasm in the worker. Each call gets a new instance. The memory with the file and its secrets is released with it, and
// a file that exhausts the memory affects no other call.
import { type ErrorCode, type Failure, type FilesMethod, MAX_FILE_BYTES, type MessageValues } from "./protocol.gen";

declare const TRANSFER_URL: string;

type Bytes = Uint8Array<ArrayBuffer>;
type Answer = { result: string; file: Bytes } | { error: string };
type Transfer = (method: FilesMethod, params: string, file: Bytes, onProgress: (json: string) => void) => Answer | undefined;

interface Scope {
  Go: new () => { importObject: WebAssembly.Imports; run(instance: WebAssembly.Instance): Promise<void> };
  vaultsphereTransfer?: Transfer;
}

const scope = globalThis as unknown as Scope;

const problem = (code: ErrorCode, values?: MessageValues) =>
  new Error(JSON.stringify({ code, values, retry_after: 0 } satisfies Failure));
const tooLarge = () => problem("file_too_large", { limit: MAX_FILE_BYTES >> 20 });

let compiled: Promise<WebAssembly.Module> | undefined;

async function instance(): Promise<Transfer> {
  compiled ??= WebAssembly.compileStreaming(fetch(TRANSFER_URL));
  let module: WebAssembly.Module;
  try {
    module = await compiled;
  } catch {
    compiled = undefined; // the next call tries again
    throw problem("offline");
  }
  const go = new scope.Go();
  void go.run(await WebAssembly.instantiate(module, go.importObject));
  const { vaultsphereTransfer } = scope;
  if (!vaultsphereTransfer) throw new Error("transfer.wasm did not start");
  delete scope.vaultsphereTransfer;
  return vaultsphereTransfer;
}

/** Calls a method of vaultsphere-transfer-wasm. The message of an error is JSON, as in the core. */
export async function transfer(
  method: FilesMethod,
  params: string,
  file: Blob = new Blob(),
  onProgress: (json: string) => void = () => {},
): Promise<{ result: string; file: Bytes }> {
  if (file.size > MAX_FILE_BYTES) throw tooLarge();
  const run = await instance();
  let answer: Answer | undefined;
  try {
    answer = run(method, params, new Uint8Array(await file.arrayBuffer()), onProgress);
  } catch {
    // the instance ran out of memory
  }
  if (!answer) throw tooLarge();
  if ("error" in answer) throw new Error(answer.error);
  return answer;
}
