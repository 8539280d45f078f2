// The service worker keeps the page's build for when there is no network, and fetches a newer one as soon as there is
// one. This page stays with the build that it has until it is loaded again.
import { signal } from "@preact/signals";
import { BUILD_PREFIX, type FromServiceWorker, type ToServiceWorker } from "../core/release";
import { SERVICE_WORKER_SCRIPT } from "../core/trusted";

const LOOK_EVERY_MS = 10 * 60_000;

/** Another build than this page's is ready. */
export const outdated = signal(false);

const build = document.querySelector<HTMLMetaElement>('meta[name="build"]')!.content;

/** Tells a worker that is ready, or in charge, which build this page is of. One of the same build takes charge at once. */
const greet = (worker: ServiceWorker | null) => worker?.postMessage({ build } satisfies ToServiceWorker);

function greetWhenReady(worker: ServiceWorker | null) {
  worker?.addEventListener("statechange", () => {
    if (worker.state === "installed") greet(worker);
  });
}

/** Has the page kept on this device. Does nothing where the browser cannot: then the page needs the network. */
export async function keepOnDevice() {
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined; // absent on plain HTTP
  if (!workers) return;
  await holdBuild();
  workers.addEventListener("message", ({ data }: MessageEvent<FromServiceWorker>) => {
    if (data.otherBuild !== build) outdated.value = true;
  });
  workers.addEventListener("controllerchange", () => greet(workers.controller));
  const registration = await workers.register(SERVICE_WORKER_SCRIPT, { updateViaCache: "none" });
  greet(registration.waiting);
  greetWhenReady(registration.installing);
  registration.addEventListener("updatefound", () => greetWhenReady(registration.installing));
  lookForNew(registration);
}

/** As long as a page holds its build's lock, the worker of another build keeps the files of this one. */
const holdBuild = () =>
  new Promise<void>((held) => {
    void navigator.locks.request(BUILD_PREFIX + build, { mode: "shared" }, () => {
      held();
      return new Promise(() => {}); // until the page is closed
    });
  });

/** The browser looks when a page is loaded. This one may stay open for days. */
function lookForNew(registration: ServiceWorkerRegistration) {
  let last = Date.now();
  const look = () => {
    if (document.visibilityState !== "visible" || Date.now() - last < LOOK_EVERY_MS) return;
    last = Date.now();
    registration.update().catch(() => undefined); // no network: the next look may find one
  };
  setInterval(look, LOOK_EVERY_MS);
  document.addEventListener("visibilitychange", look);
}
