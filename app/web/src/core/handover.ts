// Passes the account key from the page's worker to the next one through the memory of the service worker, if the person keeps the
// vault unlocked until the browser closes. Nothing of it is ever stored: the browser ends the service worker when it closes, and
// about half a minute after the last page is closed. The page only connects the two and never sees a key.

/** A sealed account key and the key that opens it. */
export interface Handover {
  token: string;
  key: Uint8Array<ArrayBuffer>;
}

/** The service worker receives one of these, and on the port of "connect" a Handover to remember or "load". */
export type HandoverMessage = { handover: "connect" | "forget" };

const PATIENCE_MS = 5000; // for a service worker that does not respond

// In the page's worker.

let port: MessagePort | undefined; // to the service worker, for one call

export function connectHandover(to: MessagePort) {
  port?.close();
  port = to;
}

function takePort() {
  const to = port;
  port = undefined;
  return to;
}

export async function handoverStore(token: string, key: Uint8Array<ArrayBuffer>): Promise<void> {
  takePort()?.postMessage({ token, key } satisfies Handover, [key.buffer]);
}

export async function handoverLoad(): Promise<Handover | null> {
  const from = takePort();
  if (!from) return null;
  const answer = new Promise<Handover | null>((resolve) => {
    from.onmessage = (e: MessageEvent<Handover | null>) => resolve(e.data);
    setTimeout(() => resolve(null), PATIENCE_MS);
  });
  from.postMessage("load");
  return answer.finally(() => from.close());
}

// In the service worker.

const LIFETIME_MS = 90_000; // a page renews it every 20 seconds; the browser may slow the timer of a hidden page to a minute

let remembered: (Handover & { until: number }) | undefined;
let ports = new Set<MessagePort>();

/** Handles one message of a page. A port from before "forget" can no longer bring anything back. */
export function serveHandover({ handover }: HandoverMessage, to: MessagePort | undefined): Promise<unknown> {
  if (handover === "forget") {
    remembered?.key.fill(0);
    remembered = undefined;
    for (const p of ports) p.close();
    ports = new Set();
    return Promise.resolve();
  }
  if (!to) return Promise.resolve();
  ports.add(to);
  const served = new Promise<void>((resolve) => {
    to.onmessage = ({ data }: MessageEvent<Handover | "load">) => {
      if (!ports.delete(to)) return;
      if (data === "load") to.postMessage(remembered && Date.now() < remembered.until ? fresh(remembered) : null);
      else remembered = { ...data, until: Date.now() + LIFETIME_MS };
      resolve();
    };
    setTimeout(resolve, PATIENCE_MS);
  });
  return served.then(() => ports.delete(to));
}

const fresh = ({ token, key }: Handover): Handover => ({ token, key });
