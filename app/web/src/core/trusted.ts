// The page's CSP requires Trusted Types. The one script URL it ever makes is the worker's own, so the policy knows
// no other; an injected string can become neither a script nor a worker.

declare const WORKER_URL: string;

interface Policy {
  createScriptURL(url: string): unknown;
}
interface Factory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy;
}

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;

const policy = factory?.createPolicy("vaultsphere", {
  createScriptURL(url) {
    if (url !== WORKER_URL) throw new TypeError("not a script of this page");
    return url;
  },
});

/** The worker's URL, trusted where the browser knows Trusted Types. */
export const WORKER_SCRIPT = (policy ? policy.createScriptURL(WORKER_URL) : WORKER_URL) as string;
