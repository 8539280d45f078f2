// What the vault is opened from while the server cannot be reached, and the changes that wait for it: rows of pieces
// under names, all of them sealed. Each piece has a key of its own, so that a change of a large vault writes little. The
// tabs of a browser share it: a writer names the stamp of the newest piece it has seen.
import { database, finished, settled } from "./indexeddb";

const STORE = "pieces";
const open = database("vaultsphere-copy", STORE); // its own: an older page may have the other one open

interface Row {
  stamp: string;
  piece: Uint8Array<ArrayBuffer>;
}

const allOf = (name: string) => IDBKeyRange.bound([name, 0], [name, Infinity]);

export async function cacheLoad(name: string): Promise<{ stamp: string; pieces: Uint8Array[] }> {
  const tx = (await open()).transaction(STORE, "readonly");
  const rows = await settled(tx.objectStore(STORE).getAll(allOf(name)) as IDBRequest<Row[]>); // in the order of keys
  return { stamp: rows.at(-1)?.stamp ?? "", pieces: rows.map((r) => r.piece) };
}

/** The stamp of the newest piece. */
export async function cacheStamp(name: string): Promise<string> {
  const tx = (await open()).transaction(STORE, "readonly");
  return stampOf(await settled(tx.objectStore(STORE).openCursor(allOf(name), "prev")));
}

const stampOf = (newest: IDBCursorWithValue | null) => (newest?.value as Row | undefined)?.stamp ?? "";

/** Adds a piece, or puts it in the place of all (`whole`). False, and nothing is written, if `after` is not the newest. */
export async function cacheStore(
  name: string,
  after: string,
  stamp: string,
  piece: Uint8Array<ArrayBuffer>,
  whole: boolean,
): Promise<boolean> {
  const tx = (await open()).transaction(STORE, "readwrite", { durability: "strict" });
  const store = tx.objectStore(STORE);
  const newest = await settled(store.openCursor(allOf(name), "prev"));
  if (stampOf(newest) !== after) return false;
  const number = newest ? (newest.key as [string, number])[1] + 1 : 1;
  if (whole) store.delete(allOf(name));
  store.put({ stamp, piece } satisfies Row, [name, number]);
  await finished(tx);
  return true;
}

export async function cacheForget(name: string): Promise<void> {
  const tx = (await open()).transaction(STORE, "readwrite", { durability: "strict" });
  tx.objectStore(STORE).delete(allOf(name));
  await finished(tx);
}
