// Gives the user a file that the page has made.

const KEPT_MS = 60_000; // a browser may ask first where to put it

export function download(name: string, type: string, bytes: Uint8Array<ArrayBuffer>) {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

/** 2026-11-25, for names of files. */
export const today = () => new Date().toLocaleDateString("sv");
