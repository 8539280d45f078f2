// IndexedDB with promises.

export const result = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB reported no reason"));
  });

/** Resolves when the transaction is complete. */
export const finished = (tx: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve();
    const failed = () => reject(tx.error ?? new Error("the transaction was aborted"));
    tx.onerror = failed;
    tx.onabort = failed;
  });

/** Opens a database with one store on first use. Tries again after a failure. */
export function database(name: string, store: string): () => Promise<IDBDatabase> {
  let opened: Promise<IDBDatabase> | undefined;
  return () => {
    if (!opened) {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(store);
      opened = result(request);
      opened.catch(() => (opened = undefined));
    }
    return opened;
  };
}
