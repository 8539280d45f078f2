// The page's CSP requires Trusted Types. This policy allows only the scripts of the two workers, so an injected string can become
// neither a script nor a worker.

declare const WORKER_URL: string;

const SERVICE_WORKER_URL = "/service-worker.js"; // no hash in this name: the browser finds a service worker by its URL

interface Policy {
  createScriptURL(url: string): unknown;
}
interface Factory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy;
}

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;

const policy = factory?.createPolicy("vaultsphere", {
  createScriptURL(url) {
    if (url !== WORKER_URL && url !== SERVICE_WORKER_URL) throw new TypeError("not a script of this page");
    return url;
  },
});

/** A script URL, trusted if the browser supports Trusted Types. */
const trusted = (url: string) => (policy ? policy.createScriptURL(url) : url) as string;

export const WORKER_SCRIPT = trusted(WORKER_URL);
export const SERVICE_WORKER_SCRIPT = trusted(SERVICE_WORKER_URL);
