// Handing a file to the browser's downloads.

// What a file system takes for more than a name, and what makes a name read as another (bidirectional controls).
const UNSAFE = /[\p{Cc}/\\:*?"<>|\p{Bidi_Control}]/gu;

export const safeName = (name: string) => name.replace(UNSAFE, "_").replace(/^\.+/, "_") || "_";

/** The type decides what the browser would make of the content if it were opened, so it is never taken from the file. */
export function saveFile(name: string, content: BlobPart, type: "text/plain" | "application/octet-stream") {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = safeName(name);
  link.click();
  URL.revokeObjectURL(url);
}
