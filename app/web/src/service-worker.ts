// Starts the page without a network. It caches one complete build: index.html and all files that it refers to.
//
// A page never mixes two builds. Every file except index.html is named by its content hash, so a page gets the files of its build
// or none. index.html comes from the server, or from the build whose files are all cached here. A build replaces another when one of
// its pages is open. The files of the old build remain until its pages are closed.
import { type HandoverMessage, serveHandover } from "./core/handover";
import { BUILD_PREFIX, type FromServiceWorker, type ToServiceWorker } from "./core/release";

declare const self: ServiceWorkerGlobalScope;

// Defined by build.mjs.
declare const BUILD: string;
declare const FILES: string[];
declare const INDEX_SHA256: string;

const INDEX = "/";
const CACHE = BUILD_PREFIX + BUILD;
const PATIENCE_MS = 4000; // after this, the cached page is better than waiting

self.addEventListener("install", (e) => e.waitUntil(install()));
self.addEventListener("activate", (e) => e.waitUntil(activate()));

self.addEventListener("message", (e) => {
  const message = e.data as ToServiceWorker | HandoverMessage;
  if ("handover" in message) {
    e.waitUntil(serveHandover(message, e.ports[0]));
    return;
  }
  const { build } = message;
  if (build === BUILD) e.waitUntil(self.skipWaiting());
  else e.source?.postMessage({ otherBuild: BUILD } satisfies FromServiceWorker);
});

self.addEventListener("fetch", (e) => {
  const { method, mode, url } = e.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== location.origin) return;
  if (mode === "navigate") {
    if (pathname === INDEX || pathname === "/index.html") e.respondWith(page(e.request));
  } else if (!pathname.startsWith("/api/")) {
    e.respondWith(file(e.request));
  }
});

/** Caches all of the build or nothing: during a rollout, servers of two builds may answer. */
async function install() {
  const cache = await caches.open(CACHE);
  try {
    await cache.addAll(FILES);
    const index = await fetch(INDEX, { cache: "no-store", redirect: "error" });
    if ((await sha256(index.clone())) !== INDEX_SHA256) throw new Error("the server already has another build");
    await cache.put(INDEX, index);
  } catch (e) {
    await caches.delete(CACHE);
    throw e; // the browser tries again at its next update check
  }
}

async function sha256(response: Response): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await response.arrayBuffer());
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, "0")).join("");
}

async function activate() {
  await forgetOldBuilds();
  await self.clients.claim();
}

/** Each page holds a lock that is named like its build's cache. */
async function forgetOldBuilds() {
  const { held = [] } = await navigator.locks.query();
  const needed = new Set([CACHE, ...held.map((lock) => lock.name)]);
  for (const name of await caches.keys()) {
    if (name.startsWith(BUILD_PREFIX) && !needed.has(name)) await caches.delete(name);
  }
}

/** The newest index.html available. An error from the server or a proxy counts as no network. */
async function page(request: Request): Promise<Response> {
  const answer = fetch(request).catch(() => undefined);
  const inTime = await Promise.race([answer, new Promise<undefined>((done) => setTimeout(done, PATIENCE_MS))]);
  if (inTime && inTime.status < 500) return inTime;
  const cached = await caches.match(INDEX, { cacheName: CACHE });
  return cached ?? (await answer) ?? Response.error();
}

/** A file of any cached build: its name identifies its content. */
async function file(request: Request): Promise<Response> {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}
