// The service worker caches the page's build for offline use and downloads newer builds. An open page keeps its build until it is
// reloaded.
import { signal } from "@preact/signals";
import { BUILD_PREFIX, type FromServiceWorker, type ToServiceWorker } from "../core/release";
import { SERVICE_WORKER_SCRIPT } from "../core/trusted";

const CHECK_EVERY_MS = 10 * 60_000;

/** True when another build is ready. */
export const outdated = signal(false);

const build = document.querySelector<HTMLMetaElement>('meta[name="build"]')!.content;

/** Sends the build of this page to a worker. A worker of the same build takes over immediately. */
const greet = (worker: ServiceWorker | null) => worker?.postMessage({ build } satisfies ToServiceWorker);

function greetWhenReady(worker: ServiceWorker | null) {
  worker?.addEventListener("statechange", () => {
    if (worker.state === "installed") greet(worker);
  });
}

/** Caches the page on this device. Does nothing if the browser has no service workers. */
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
  checkForUpdates(registration);
}

/** While a page holds the lock of its build, the worker of another build keeps the files of this one. */
const holdBuild = () =>
  new Promise<void>((held) => {
    void navigator.locks.request(BUILD_PREFIX + build, { mode: "shared" }, () => {
      held();
      return new Promise(() => {}); // until the page is closed
    });
  });

/** Browsers check for updates when a page loads. This page may stay open for days, so it checks too. */
function checkForUpdates(registration: ServiceWorkerRegistration) {
  let last = Date.now();
  const check = () => {
    if (document.visibilityState !== "visible" || Date.now() - last < CHECK_EVERY_MS) return;
    last = Date.now();
    registration.update().catch(() => undefined); // no network: try again at the next check
  };
  setInterval(check, CHECK_EVERY_MS);
  document.addEventListener("visibilitychange", check);
}
