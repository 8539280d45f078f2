// What the import and export methods take and give, as app/transfer and app/client speak it.
import type { ItemType } from "./types";

export interface Format {
  id: string;
  name: string;
  extensions: string[];
}

export interface WriteFormat {
  id: string;
  name: string;
  extension: string;
  sealed: boolean; // needs a password
  files: boolean; // holds attachments
}

export interface Formats {
  read: Format[];
  write: WriteFormat[];
}

/** What a column of a CSV becomes; "" is a custom field by the name of the column. */
export type Column =
  | "" | "hidden" | "skip" | "type" | "title" | "url" | "username" | "password" | "totp" | "notes" | "tag" | "favourite"
  | "created" | "modified";

export interface TablePreview {
  header: string[];
  rows: string[][] | null; // the first; they may hold secrets
  guess: Column[];
  headerless: boolean; // the first row seems to hold values
}

export interface ReadOptions {
  format?: string; // absent: found from the file
  password?: string;
  no_password?: boolean; // the owner says that it is empty
  key_file?: string; // of a KeePass database, in base64
  columns?: Column[]; // for the format "csv"
  headerless?: boolean; // the first row of a CSV holds values
}

/** What the vault, or the file further up, has of an entry. */
export type ImportStatus = "new" | "identical" | "changed" | "repeated";

export interface ImportLine {
  row: number;
  type: ItemType;
  title: string;
  username?: string;
  url?: string;
  status: ImportStatus;
  existing?: string; // id of the item in the vault
}

export type KeptAs = "field" | "note" | "item"; // an item that goes on where another is full

export interface ImportProblem {
  row?: number;
  title?: string;
  reason: string;
}

export interface ImportPreview {
  format: string;
  total: number;
  types: Partial<Record<ItemType, number>>;
  statuses: Partial<Record<ImportStatus, number>>;
  trashed: number;
  files: number;
  items: ImportLine[]; // the first hundred
  changed: ImportLine[]; // the first hundred of this status
  problems: ImportProblem[];
  kept: { name: string; as: KeptAs; count: number; row: number }[]; // row is the first
}

/** What becomes of entries that are there already. Absent: identical and repeated are skipped, changed are added. */
export interface ImportChoice {
  identical?: "skip" | "add";
  changed?: "skip" | "add" | "update";
  repeated?: "skip" | "add";
}

export interface ImportReport {
  format: string;
  total: number;
  added: number;
  updated: number;
  skipped: number;
  files: number; // that were stored
  entries: {
    row: number;
    type: ItemType;
    title: string;
    outcome: "added" | "updated" | "skipped" | "not_reached";
    id?: string; // of the item in the vault
  }[];
  problems: ImportProblem[];
  kept: { row: number; name: string; as: KeptAs }[];
  stopped?: { code: string; message: string; hint: string; retry_after: number }; // why it ended early
}

export interface ExportResult {
  items: number;
  problems: ImportProblem[]; // items and files that cannot be read
  file: Uint8Array<ArrayBuffer>;
}
