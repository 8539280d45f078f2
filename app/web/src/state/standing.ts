// Whether the user is an administrator of the server. The server checks each request on its own: this only decides what is offered.
import { signal } from "@preact/signals";
import * as api from "../core/api.gen";
import { texts } from "../texts";
import { toast } from "./app";
import { handled } from "./app-errors";
import { pageOf, replace, route } from "./route";

/** null: not known yet. */
export const administrator = signal<boolean | null>(null);

/** Takes what the server said. A user who is not an administrator leaves the section, and a message says why. */
export function setAdministrator(now: boolean) {
  const before = administrator.value;
  administrator.value = now;
  if (now || before === false || pageOf(route.value) !== "admin") return;
  replace("vault");
  toast(before ? texts.value.admin.demoted : texts.value.problem.not_administrator, "problem");
}

/** Asks the server, or the copy on this device while it cannot be reached. */
export async function readStanding() {
  try {
    setAdministrator((await api.account()).administrator);
  } catch (e) {
    handled(e); // after any other error, it stays as it was
  }
}

/** Forgets it when the vault is closed. */
export function forgetStanding() {
  administrator.value = null;
}
