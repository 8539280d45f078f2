// What passes between the page and its worker. Parameters and results stay JSON text: only the side that wants
// them parses them.

export interface CallMessage {
  id: number;
  method: string;
  params: string;
  picture?: Blob; // for scan_qr
}

export type ToWorker = { module: WebAssembly.Module } | CallMessage;

export type FromWorker =
  | { id: number; result: string }
  | { id: number; error: string }
  | { id: number; progress: string }
  | { stopped: string };
