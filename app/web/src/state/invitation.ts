// The secret of the invitation that a user registers with. It is removed from the address bar immediately and never stored.
import { effect, signal } from "@preact/signals";
import { replace, route } from "./route";

/** Empty: none. */
export const invitation = signal("");

/** The user came by a link that is malformed. */
export const badLink = signal(false);

const SECRET = /^[\w-]{21}[AQgw]$/; // 16 bytes, base64url without padding

/** Returns the secret of an invitation link; empty if malformed. */
export function parseLink(link: string): string {
  const [, secret = ""] = /#join\/([^/]*)$/.exec(link.trim()) ?? [];
  return SECRET.test(secret) ? secret : "";
}

effect(() => {
  const [screen, secret = ""] = route.value;
  if (screen !== "join") return;
  invitation.value = SECRET.test(secret) ? secret : "";
  badLink.value = !invitation.value;
  replace("register");
});
