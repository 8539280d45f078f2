// What this device has verified of each user, as JSON of the core. The core compares it with what the server sends, so it notices a vault
// that was rolled back. Nothing in it is secret.
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

/** Stores what this device has verified of a user; null deletes it. */
export async function memoryStore(user: string, json: string | null): Promise<void> {
  const tx = (await open()).transaction(STORE, "readwrite", { durability: "strict" });
  if (json === null) tx.objectStore(STORE).delete(user);
  else tx.objectStore(STORE).put(json, user);
  await finished(tx);
}

/** Waits until no other tab signs for a user. The result ends the lock, and so does the end of the worker. */
export function memoryLock(user: string, signal: AbortSignal): Promise<() => void> {
  return new Promise((locked, failed) => {
    const hold = () => new Promise<void>((unlock) => locked(unlock));
    navigator.locks.request(`sign ${user}`, { signal }, hold).catch(failed);
  });
}

/** What this device has verified, of all users. */
export async function memoryList(): Promise<string[]> {
  const tx = (await open()).transaction(STORE, "readonly");
  const values: unknown[] = await result(tx.objectStore(STORE).getAll());
  return values.filter((value) => typeof value === "string");
}
