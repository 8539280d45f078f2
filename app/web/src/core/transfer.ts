// Runs transfer.wasm in the worker. Each call has an instance of its own, so the memory in which a file and its secrets
// lay is let go of with the instance, and a file that takes all memory ends nothing else.
import { type ErrorCode, type Failure, type FilesMethod, MAX_FILE_BYTES } from "./protocol.gen";

declare const TRANSFER_URL: string;

type Bytes = Uint8Array<ArrayBuffer>;
type Answer = { result: string; file: Bytes } | { error: string };
type Transfer = (method: FilesMethod, params: string, file: Bytes, onProgress: (json: string) => void) => Answer | undefined;

interface Scope {
  Go: new () => { importObject: WebAssembly.Imports; run(instance: WebAssembly.Instance): Promise<void> };
  vaultsphereTransfer?: Transfer;
}

const scope = globalThis as unknown as Scope;

const problem = (code: ErrorCode) => new Error(JSON.stringify({ code, retry_after: 0 } satisfies Failure));

let compiled: Promise<WebAssembly.Module> | undefined;

async function instance(): Promise<Transfer> {
  compiled ??= WebAssembly.compileStreaming(fetch(TRANSFER_URL));
  let module: WebAssembly.Module;
  try {
    module = await compiled;
  } catch {
    compiled = undefined; // the next file tries again
    throw problem("offline");
  }
  const go = new scope.Go();
  void go.run(await WebAssembly.instantiate(module, go.importObject));
  const { vaultsphereTransfer } = scope;
  if (!vaultsphereTransfer) throw new Error("the reader of files did not announce itself");
  delete scope.vaultsphereTransfer;
  return vaultsphereTransfer;
}

/** Calls a method of vaultsphere-transfer-wasm. An error's message is JSON, as those of the core are. */
export async function transfer(
  method: FilesMethod,
  params: string,
  file: Blob = new Blob(),
  onProgress: (json: string) => void = () => {},
): Promise<{ result: string; file: Bytes }> {
  if (file.size > MAX_FILE_BYTES) throw problem("file_too_large");
  const run = await instance();
  let answer: Answer | undefined;
  try {
    answer = run(method, params, new Uint8Array(await file.arrayBuffer()), onProgress);
  } catch {
    // the instance ran out of memory and is gone
  }
  if (!answer) throw problem("file_too_large");
  if ("error" in answer) throw new Error(answer.error);
  return answer;
}
