// Starts the page where there is no network. It keeps one build as a whole: index.html, and all files that it leads to.
//
// Nothing of two builds can meet on a page. Every file but index.html is named by its content, so a page gets the files
// of its own build or none; and index.html comes from the server, or from the one build that is kept here with all its files.
// A build replaces another when a page of its own is open, and what pages of the old one may still load stays until
// they are closed.
import { BUILD_PREFIX, type FromServiceWorker, type ToServiceWorker } from "./core/release";

declare const self: ServiceWorkerGlobalScope;

// Of the build, see build.mjs.
declare const BUILD: string;
declare const FILES: string[];
declare const INDEX_SHA256: string;

const INDEX = "/";
const CACHE = BUILD_PREFIX + BUILD;
const PATIENCE_MS = 4000; // then the page that is kept is better than one that may come

self.addEventListener("install", (e) => e.waitUntil(install()));
self.addEventListener("activate", (e) => e.waitUntil(activate()));

self.addEventListener("message", (e) => {
  const { build } = e.data as ToServiceWorker;
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

/** All of the build, or nothing: while a release is rolled out, servers of two builds may answer. */
async function install() {
  const cache = await caches.open(CACHE);
  try {
    await cache.addAll(FILES);
    const index = await fetch(INDEX, { cache: "no-store", redirect: "error" });
    if ((await sha256(index.clone())) !== INDEX_SHA256) throw new Error("the server has another build by now");
    await cache.put(INDEX, index);
  } catch (e) {
    await caches.delete(CACHE);
    throw e; // the browser tries again when it next looks for a new version
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

/** Pages hold a lock under the name of their build's cache. */
async function forgetOldBuilds() {
  const { held = [] } = await navigator.locks.query();
  const needed = new Set([CACHE, ...held.map((lock) => lock.name)]);
  for (const name of await caches.keys()) {
    if (name.startsWith(BUILD_PREFIX) && !needed.has(name)) await caches.delete(name);
  }
}

/** The newest index.html that can be had. An error of the server, or of a proxy without one, counts as no network. */
async function page(request: Request): Promise<Response> {
  const answer = fetch(request).catch(() => undefined);
  const inTime = await Promise.race([answer, new Promise<undefined>((done) => setTimeout(done, PATIENCE_MS))]);
  if (inTime && inTime.status < 500) return inTime;
  const kept = await caches.match(INDEX, { cacheName: CACHE });
  return kept ?? (await answer) ?? Response.error();
}

/** A file of any build that is kept: its name says what is in it. */
async function file(request: Request): Promise<Response> {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}
