// Reads and draws QR codes. The worker loads this bundle on first use.
import encodeQR from "qr";
import decodeQR from "qr/decode.js";

const LONGEST = 2000; // pixels: codes remain readable, and decoding a photo takes less than a second

export type Reading = { text: string } | { problem: "not a picture" | "no code" };

export async function readQR(file: Blob): Promise<Reading> {
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return { problem: "not a picture" };
  }
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const context = new OffscreenCanvas(width, height).getContext("2d")!;
  context.fillStyle = "white"; // transparent pixels count as paper
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0, width, height);
  picture.close();
  try {
    return { text: decodeQR(context.getImageData(0, 0, width, height), { effort: 10, timeLimit: 2000 }) };
  } catch {
    return { problem: "no code" }; // the library's errors only name the step that failed
  }
}

/** The modules of a QR code row by row, "1" for a dark one, with the quiet zone of four modules that ISO/IEC 18004 requires. */
export const drawQR = (text: string): string[] =>
  encodeQR(text, "raw", { ecc: "medium", border: 4 }).map((row) => row.map((dark) => (dark ? "1" : "0")).join(""));
