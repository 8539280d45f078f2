// Reads and draws QR codes. A bundle that the worker loads when it is first needed.
import encodeQR from "qr";
import decodeQR from "qr/decode.js";

const LONGEST = 2000; // pixels: codes stay readable, and a photograph of a telephone does not take a second

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
  context.fillStyle = "white"; // what is transparent is paper
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0, width, height);
  picture.close();
  try {
    return { text: decodeQR(context.getImageData(0, 0, width, height), { effort: 10, timeLimit: 2000 }) };
  } catch {
    return { problem: "no code" }; // the library's errors say at which step it gave up
  }
}

/** The modules of a QR code, row by row, with the quiet zone of four modules that ISO/IEC 18004 asks for. In each row "1" is dark. */
export const drawQR = (text: string): string[] =>
  encodeQR(text, "raw", { ecc: "medium", border: 4 }).map((row) => row.map((dark) => (dark ? "1" : "0")).join(""));
