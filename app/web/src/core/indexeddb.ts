// IndexedDB in promises.

export const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB gave no reason"));
  });

/** Resolves when what the transaction wrote is on the disk. */
export const finished = (tx: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve();
    const failed = () => reject(tx.error ?? new Error("the transaction was aborted"));
    tx.onerror = failed;
    tx.onabort = failed;
  });

/** Opens a database of one store when it is first asked for, and again after that failed. */
export function database(name: string, store: string): () => Promise<IDBDatabase> {
  let opened: Promise<IDBDatabase> | undefined;
  return () => {
    if (!opened) {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(store);
      opened = settled(request);
      opened.catch(() => (opened = undefined));
    }
    return opened;
  };
}
