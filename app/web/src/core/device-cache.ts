// The cache of the vault and its outbox, in IndexedDB: named rows of sealed segments. The vault opens from it while the server is
// unreachable. Each segment has its own key, so a change to a large vault writes little. All tabs of a browser share the cache: a
// writer names the stamp of the newest segment that it has seen.
import { database, finished, result } from "./indexeddb";

const STORE = "pieces";
const open = database("vaultsphere-copy", STORE); // a separate database: an older page may have the other one open

interface Row {
  stamp: string;
  piece: Uint8Array<ArrayBuffer>; // the stored name of a segment
}

const allOf = (name: string) => IDBKeyRange.bound([name, 0], [name, Infinity]);

export async function cacheLoad(name: string): Promise<{ stamp: string; segments: Uint8Array[] }> {
  const tx = (await open()).transaction(STORE, "readonly");
  const rows = await result(tx.objectStore(STORE).getAll(allOf(name)) as IDBRequest<Row[]>); // in key order
  return { stamp: rows.at(-1)?.stamp ?? "", segments: rows.map((r) => r.piece) };
}

/** The stamp of the newest segment. */
export async function cacheStamp(name: string): Promise<string> {
  const tx = (await open()).transaction(STORE, "readonly");
  return stampOf(await result(tx.objectStore(STORE).openCursor(allOf(name), "prev")));
}

const stampOf = (newest: IDBCursorWithValue | null) => (newest?.value as Row | undefined)?.stamp ?? "";

/** Adds a segment, or replaces all of them (`whole`). Returns false and writes nothing if `after` is not the newest stamp. */
export async function cacheStore(
  name: string,
  after: string,
  stamp: string,
  segment: Uint8Array<ArrayBuffer>,
  whole: boolean,
): Promise<boolean> {
  const tx = (await open()).transaction(STORE, "readwrite", { durability: "strict" });
  const store = tx.objectStore(STORE);
  const newest = await result(store.openCursor(allOf(name), "prev"));
  if (stampOf(newest) !== after) return false;
  const number = newest ? (newest.key as [string, number])[1] + 1 : 1;
  if (whole) store.delete(allOf(name));
  store.put({ stamp, piece: segment } satisfies Row, [name, number]);
  await finished(tx);
  return true;
}

export async function cacheForget(name: string): Promise<void> {
  const tx = (await open()).transaction(STORE, "readwrite", { durability: "strict" });
  tx.objectStore(STORE).delete(allOf(name));
  await finished(tx);
}
