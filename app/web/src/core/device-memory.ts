// What this device remembers between visits: for each user the last revision and digest seen, as the glue writes
// them. It is how an older vault, served as a whole, is noticed. It holds no secret.
import { database, finished, settled } from "./indexeddb";

const STORE = "memory";
const open = database("vaultsphere", STORE);

export async function memoryLoad(user: string): Promise<string | null> {
  const tx = (await open()).transaction(STORE, "readonly");
  const value: unknown = await settled(tx.objectStore(STORE).get(user));
  return typeof value === "string" ? value : null;
}

/** What somebody was writing when the vault was locked, sealed; null takes it away. */
export async function draftStore(username: string, draft: { at: number; token: string } | null): Promise<void> {
  const tx = (await open()).transaction(STORE, "readwrite", { durability: "strict" });
  if (draft) tx.objectStore(STORE).put(draft, `draft ${username}`);
  else tx.objectStore(STORE).delete(`draft ${username}`);
  await finished(tx);
}

export async function draftLoad(username: string): Promise<{ at: number; token: string } | null> {
  const tx = (await open()).transaction(STORE, "readonly");
  const value: unknown = await settled(tx.objectStore(STORE).get(`draft ${username}`));
  return value && typeof value === "object" && "token" in value ? (value as { at: number; token: string }) : null;
}

export async function memoryStore(user: string, json: string): Promise<void> {
  const tx = (await open()).transaction(STORE, "readwrite", { durability: "strict" });
  tx.objectStore(STORE).put(json, user);
  await finished(tx);
}
