// The invitation that a user registers with. Its link is a secret: it is removed from the address bar immediately and never stored.
import { effect, signal } from "@preact/signals";
import type { Invitation } from "../core/protocol.gen";
import { replace, route } from "./route";

export const invitation = signal<Invitation | null>(null);

/** Parses a link as `vaultsphered invite` prints it; null if malformed. */
export function parseLink(link: string): Invitation | null {
  const [, id, secret] = /#join\/([\w-]+)\/([\w-]+)$/.exec(link.trim()) ?? [];
  return id && secret ? { id, secret } : null;
}

effect(() => {
  const [screen, id, secret] = route.value;
  if (screen !== "join") return;
  invitation.value = id && secret ? { id, secret } : null;
  replace("register");
});
