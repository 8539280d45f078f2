// What this device remembers between visits: for each user the last revision and digest seen, as the glue writes
// them. It is how an older vault, served as a whole, is noticed. It holds no secret.

const STORE = "memory";

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  if (!opened) {
    const request = indexedDB.open("vaultsphere", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    opened = settled(request);
    opened.catch(() => (opened = undefined));
  }
  return opened;
}

export async function memoryLoad(user: string): Promise<string | null> {
  const tx = (await open()).transaction(STORE, "readonly");
  const value: unknown = await settled(tx.objectStore(STORE).get(user));
  return typeof value === "string" ? value : null;
}

export async function memoryStore(user: string, json: string): Promise<void> {
  const tx = (await open()).transaction(STORE, "readwrite", { durability: "strict" });
  tx.objectStore(STORE).put(json, user);
  await new Promise<void>((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onerror = tx.onabort = () => reject(tx.error);
  });
}
