// The worker runs core.wasm. It starts another worker to judge and generate passwords, loads transfer.wasm for each file to read or
// write, and qr.ts for the first QR code. It forwards calls and gives the core access to the device's storage. It knows nothing about
// vaults.
import "go:wasm_exec";
import { cacheForget, cacheLoad, cacheStamp, cacheStore } from "./core/device-cache";
import { memoryList, memoryLoad, memoryLock, memoryStore } from "./core/device-memory";
import { connectHandover, handoverLoad, handoverStore } from "./core/handover";
import type { CallMessage, FromWorker, ToWorker } from "./core/messages";
import { endMeter, generate, strength, weak } from "./core/meter";
import type {
  CoreMethod,
  ErrorCode,
  ExportOptions,
  Failure,
  Finding,
  QRCode,
  QRText,
  StrengthOf,
  WorkerMethod,
} from "./core/protocol.gen";
import type * as qr from "./core/qr";
import { transfer } from "./core/transfer";

type Bytes = Uint8Array<ArrayBuffer>;
type Answer = string | { result: string; file: Bytes };

interface Glue {
  call(method: CoreMethod, paramsJSON: string, onProgress?: (json: string) => void, id?: number, file?: Bytes): Promise<Answer>;
  cancel(id: number): void;
}

interface GoRuntime {
  env: Record<string, string>;
  importObject: WebAssembly.Imports;
  run(instance: WebAssembly.Instance): Promise<void>;
}

declare const QR_URL: string;

interface Scope {
  Go: new () => GoRuntime;
  vaultsphere?: Glue;
  vaultsphereHost: typeof host;
  postMessage(message: FromWorker, transferred?: Transferable[]): void;
  onmessage: ((e: MessageEvent<ToWorker>) => void) | null;
}

const host = {
  memoryList,
  memoryLoad,
  memoryLock,
  memoryStore,
  cacheLoad,
  cacheStamp,
  cacheStore,
  cacheForget,
  handoverStore,
  handoverLoad,
  weak,
  endMeter,
};
const scope = globalThis as unknown as Scope;
scope.vaultsphereHost = host;

let begin!: (glue: Promise<Glue>) => void;
const started = new Promise<Glue>((resolve) => (begin = resolve));
started.catch((e: unknown) => scope.postMessage({ stopped: e instanceof Error ? e.message : String(e) }));

async function start(module: WebAssembly.Module, keepCopy: boolean): Promise<Glue> {
  const go = new scope.Go();
  go.env = { GOGC: "25" }; // WebAssembly never returns memory, so frequent garbage collection is worth its time
  const instance = await WebAssembly.instantiate(module, go.importObject);
  const ended = go.run(instance).then(
    () => "the core ended",
    (e: unknown) => (e instanceof Error ? e.message : String(e)),
  );
  void ended.then((stopped) => scope.postMessage({ stopped }));
  // The core's functions are in place when main first blocks, which is when run() returns its promise.
  if (!scope.vaultsphere) throw new Error("the core did not start");
  if (!keepCopy) {
    // Before anything is cached. The core refuses if another tab has left changes in the outbox; they are not lost.
    await scope.vaultsphere.call("keep_copy", JSON.stringify({ on: false, force: false })).catch(() => undefined);
  }
  return scope.vaultsphere;
}

const QR_FINDINGS = { "not a picture": "not_a_picture", "no code": "no_qr_code" } as const;

/** An error as the core throws it. */
const failure = (code: ErrorCode, ...findings: Finding[]) =>
  new Error(JSON.stringify({ code, findings, retry_after: 0 } satisfies Failure));

const loadQR = () => import(QR_URL) as Promise<typeof qr>;

async function draw(params: string): Promise<string> {
  const { text } = JSON.parse(params) as QRText;
  return JSON.stringify({ rows: (await loadQR()).drawQR(text) } satisfies QRCode);
}

async function scan(picture: Blob): Promise<string> {
  const reading = await (await loadQR()).readQR(picture);
  if ("text" in reading) return JSON.stringify(reading);
  throw failure("bad_input", { code: QR_FINDINGS[reading.problem] });
}

async function generated(kind: "password" | "passphrase", rules: string): Promise<string> {
  const made = await generate(kind, rules);
  if (!made) throw failure("bad_input", { code: "generator_rules" });
  return JSON.stringify(made);
}

async function bytesOf(file: Blob): Promise<Bytes> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    // a folder, or a file that was deleted after it was chosen
    throw failure("attachment_unreadable");
  }
}

type Run = (call: CallMessage, progress: (json: string) => void) => Promise<Answer>;

const own: Record<WorkerMethod, Run> = {
  strength: async ({ params }) => JSON.stringify(await strength(JSON.parse(params) as StrengthOf)),
  generate_password: ({ params }) => generated("password", params),
  generate_passphrase: ({ params }) => generated("passphrase", params),
  draw_qr: ({ params }) => draw(params),
  scan_qr: ({ file }) => scan(file ?? new Blob()),
  formats: async ({ params }) => (await transfer("formats", params)).result,
  import_columns: async ({ params, file }) => (await transfer("columns", params, file)).result,
  check_patterns: async ({ params }) => (await transfer("check_patterns", params)).result,
  async import_preview({ id, params, file }, progress) {
    const read = await transfer("read", params, file, progress);
    return (await started).call("plan_import", "{}", progress, id, read.file);
  },
  async export_vault({ id, params }, progress) {
    const { trash, files, ...options } = JSON.parse(params) as ExportOptions;
    const opened = await (await started).call("open_items", JSON.stringify({ trash, files }), progress, id);
    if (typeof opened === "string") throw new Error("the core returned no items");
    const written = await transfer("write", JSON.stringify(options), new Blob([opened.file]));
    return { result: opened.result, file: written.file };
  },
};

const isOwn = (method: CallMessage["method"]): method is WorkerMethod => Object.hasOwn(own, method);

async function run(call: CallMessage): Promise<Answer> {
  const { id, method, params, file } = call;
  const progress = (json: string) => scope.postMessage({ id, progress: json });
  if (isOwn(method)) return own[method](call, progress);
  const glue = await started;
  return glue.call(method, params, progress, id, file && (await bytesOf(file)));
}

async function answer(call: CallMessage) {
  const { id } = call;
  try {
    const made = await run(call);
    if (typeof made === "string") scope.postMessage({ id, result: made });
    else scope.postMessage({ id, ...made }, [made.file.buffer]);
  } catch (e) {
    scope.postMessage({ id, error: e instanceof Error ? e.message : String(e) });
  }
}

scope.onmessage = ({ data }) => {
  if ("module" in data) begin(start(data.module, data.keepCopy));
  else if ("handover" in data) connectHandover(data.handover);
  else if ("cancel" in data) void started.then((glue) => glue.cancel(data.cancel));
  else void answer(data);
};
