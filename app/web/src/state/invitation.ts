// The invitation by which somebody may register. Its link is a secret: it leaves the address bar at once, and is kept nowhere.
import { effect, signal } from "@preact/signals";
import type { Invitation } from "../core/protocol.gen";
import { replace, route } from "./route";

export const invitation = signal<Invitation | null>(null);

/** Reads a link as `vaultsphered invite` prints it; null if it is none. */
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
