// What the first screens need to know from the server before the core has arrived. The core asks again before anything is opened.
import { CoreError } from "./error";
import type { ErrorCode, Invitation } from "./protocol.gen";

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

async function ask(path: string, body?: object): Promise<Answer> {
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

/** Throws the error that a registration would get for its invitation. */
export async function checkInvitation(invitation: Invitation | null) {
  const { status, body } = await ask("/api/v1/register/check", { ...(invitation && { invitation }) });
  if (status === 403) throw new CoreError(body.code as ErrorCode);
}
