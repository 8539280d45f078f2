// What the page asks the server itself: what the first screens need to know before the core has arrived, which asks again before anything
// is opened, and lists that need no key.
import { CoreError } from "./error";
import type { ErrorCode } from "./protocol.gen";

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

export async function ask(path: string, body?: object): Promise<Answer> {
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, { cache: "no-store", redirect: "error", ...(body && post) }).catch(() => {
    throw new CoreError("offline");
  });
  try {
    return { status: response.status, body: response.status === 204 ? {} : ((await response.json()) as Answer["body"]) };
  } catch {
    throw new CoreError("intercepted"); // not from our server
  }
}

/** The username of this browser's session; null if there is none. undefined if only the core can tell, perhaps from its cache. */
export async function askUsername(): Promise<string | null | undefined> {
  try {
    const { status, body } = await ask("/api/v1/account");
    if (status === 401 && body.code === "unauthorized") return null;
    return status === 200 && typeof body.username === "string" ? body.username : undefined;
  } catch {
    return undefined;
  }
}

/** What the server learns of an invitation, derived from the secret of its link as protocol.JoinSecret does. */
export async function invitationOf(secret: string) {
  const bytes = Uint8Array.from(atob(secret.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.codePointAt(0) ?? 0);
  const key = await crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveBits"]);
  const derive = async (label: string) => {
    const info = new TextEncoder().encode(`vaultsphere/v2/invitation-${label}`);
    const bits = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info }, key, 128);
    const base64 = btoa(String.fromCodePoint(...new Uint8Array(bits)));
    return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };
  return { id: await derive("id"), proof: await derive("proof") };
}

/** Throws the error that a registration would get for the invitation with this secret; empty: none. */
export async function checkInvitation(secret: string) {
  const { status, body } = await ask("/api/v1/register/check", secret ? { invitation: await invitationOf(secret) } : {});
  if (status === 403) throw new CoreError(body.code as ErrorCode);
}
