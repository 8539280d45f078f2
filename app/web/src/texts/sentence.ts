import type { MessageValues } from "../core/protocol.gen";

/** The text of a code: with placeholders it is a function. */
export type Sentence = string | ((values: Required<MessageValues>) => string);

/** Fills the placeholders of the text of a code. */
export function sentence(text: Sentence, { name = "", count = 0, limit = 0 }: MessageValues = {}): string {
  return typeof text === "string" ? text : text({ name, count, limit });
}
