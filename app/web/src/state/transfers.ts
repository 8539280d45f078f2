// Uploads and downloads of attachments. They continue when their screen closes, and end when the vault locks.
import { signal } from "@preact/signals";
import * as api from "../core/api.gen";
import { asCoreError, CoreError } from "../core/error";
import { type Attachment, MAX_ATTACHMENT_BYTES, type Progress } from "../core/protocol.gen";
import { texts } from "../texts";
import { saveFile } from "../ui/save-file";
import { toast } from "./app";
import { handled } from "./app-errors";
import { notifyTabs } from "./tabs";
import { refresh } from "./vault";

export interface Transfer {
  key: number;
  item: string;
  name: string;
  way: "up" | "down";
  done: number; // bytes
  total: number;
  problem: CoreError | null;
  end: () => void; // cancels it, or removes a failed one
}

export const transfers = signal<Transfer[]>([]);

let nextKey = 1;

type Carry = (onProgress: (p: Progress) => void, signal: AbortSignal) => Promise<void>;

async function carry(what: Pick<Transfer, "item" | "name" | "way" | "total">, work: Carry) {
  const key = nextKey++;
  const controller = new AbortController();
  const drop = () => {
    transfers.value = transfers.value.filter((t) => t.key !== key);
  };
  const change = (part: Partial<Transfer>) => {
    transfers.value = transfers.value.map((t) => (t.key === key ? { ...t, ...part } : t));
  };
  const end = () => {
    controller.abort();
    drop();
  };
  transfers.value = [...transfers.value, { ...what, key, done: 0, problem: null, end }];
  try {
    await work(({ done }) => change({ done }), controller.signal);
    drop();
  } catch (e) {
    const problem = asCoreError(e);
    if (handled(problem)) drop();
    else change({ problem });
  }
}

/** Attaches files one after another. A failure does not stop the next file. */
export async function attachFiles(item: string, files: readonly File[]) {
  for (const file of files) {
    await carry({ item, name: file.name, way: "up", total: file.size }, async (onProgress, aborted) => {
      if (file.size > MAX_ATTACHMENT_BYTES) throw new CoreError("attachment_too_large");
      await api.attach({ id: item, name: file.name }, file, onProgress, aborted);
      await refresh();
      notifyTabs("changed");
      toast(texts.value.attachments.attached({ name: file.name }));
    });
  }
}

export const downloadAttachment = (item: string, { id, name, size }: Attachment) =>
  carry({ item, name, way: "down", total: size }, async (onProgress, aborted) => {
    saveFile(name, await api.attachment({ id: item, attachment: id }, onProgress, aborted), "application/octet-stream");
  });
