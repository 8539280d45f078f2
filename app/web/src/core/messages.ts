// The messages between the page and its worker. Parameters and results remain JSON text, which only the receiver parses.
import type { CoreMethod, WorkerMethod } from "./protocol.gen";

export interface CallMessage {
  id: number;
  method: CoreMethod | WorkerMethod;
  params: string;
  file?: Blob; // for methods that read a file
}

export type ToWorker =
  | { module: WebAssembly.Module; keepCopy: boolean }
  | { cancel: number }
  | { handover: MessagePort }
  | CallMessage;

export type FromWorker =
  | { id: number; result: string; file?: Uint8Array<ArrayBuffer> }
  | { id: number; error: string }
  | { id: number; progress: string }
  | { stopped: string };
