// Saves a file as a download.

// Characters with a meaning in file systems, and bidirectional controls, which disguise a name.
const UNSAFE = /[\p{Cc}/\\:*?"<>|\p{Bidi_Control}]/gu;

export const safeName = (name: string) => name.replace(UNSAFE, "_").replace(/^\.+/, "_") || "_";

/** The type decides how a browser opens the content, so it never comes from the file. */
export function saveFile(name: string, content: BlobPart, type: "text/plain" | "application/octet-stream") {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = safeName(name);
  link.click();
  URL.revokeObjectURL(url);
}
