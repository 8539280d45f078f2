// The sealed copies of vaults on this device. They open without the server.
import { signal } from "@preact/signals";
import * as api from "../core/api.gen";
import type { Copies } from "../core/protocol.gen";

export const copies = signal<Copies>({ copies: [], damaged: false });

/** Reads the list again. It is empty if the browser has no storage. */
export async function findCopies() {
  copies.value = await api.copies().catch(() => ({ copies: [], damaged: false }));
}

export async function deleteCopy(id: string) {
  await api.deleteCopy({ id });
  await findCopies();
}
