// The sealed copies on this device, which open without a server that can be trusted.
import { signal } from "@preact/signals";
import * as api from "../core/api.gen";
import type { Copies } from "../core/protocol.gen";

export const copies = signal<Copies>({ copies: [], damaged: false });

/** Reads the list again. A browser without storage has none. */
export async function findCopies() {
  copies.value = await api.copies().catch(() => ({ copies: [], damaged: false }));
}

export async function deleteCopy(id: string) {
  await api.deleteCopy({ id });
  await findCopies();
}
