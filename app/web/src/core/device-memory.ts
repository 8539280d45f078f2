// The last revision and digest that this device has seen, per user. The core compares them with what the server sends, so it
// notices a vault that was rolled back. Nothing in it is secret.
import { database, finished, result } from "./indexeddb";

const STORE = "memory";
const open = database("vaultsphere", STORE);

export async function memoryLoad(user: string): Promise<string | null> {
  const tx = (await open()).transaction(STORE, "readonly");
  const value: unknown = await result(tx.objectStore(STORE).get(user));
  return typeof value === "string" ? value : null;
}

/** The sealed draft that was open when the vault was locked; null deletes it. */
export async function draftStore(username: string, draft: { at: number; token: string } | null): Promise<void> {
  const tx = (await open()).transaction(STORE, "readwrite", { durability: "strict" });
  if (draft) tx.objectStore(STORE).put(draft, `draft ${username}`);
  else tx.objectStore(STORE).delete(`draft ${username}`);
  await finished(tx);
}

export async function draftLoad(username: string): Promise<{ at: number; token: string } | null> {
  const tx = (await open()).transaction(STORE, "readonly");
  const value: unknown = await result(tx.objectStore(STORE).get(`draft ${username}`));
  return value && typeof value === "object" && "token" in value ? (value as { at: number; token: string }) : null;
}

export async function memoryStore(user: string, json: string): Promise<void> {
  const tx = (await open()).transaction(STORE, "readwrite", { durability: "strict" });
  tx.objectStore(STORE).put(json, user);
  await finished(tx);
}
