// The CSP requires Trusted Types. A page and its worker each have one policy, which allows only the scripts of their workers, so an
// injected string can become neither a script nor a worker.

interface Policy {
  createScriptURL(url: string): unknown;
}
interface Factory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy;
}

/** Returns a function that makes these URLs script URLs, trusted if the browser supports Trusted Types. */
export function scriptPolicy(...scripts: string[]): (url: string) => string {
  const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
  const policy = factory?.createPolicy("vaultsphere", {
    createScriptURL(url) {
      if (!scripts.includes(url)) throw new TypeError("not a script of this page");
      return url;
    },
  });
  return (url) => (policy ? policy.createScriptURL(url) : url) as string;
}
