// Finds words in short labels, whatever their case and accents.

export const fold = (s: string) => s.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** Whether the label contains all the words. */
export const fits = (label: string, words: string) => {
  const text = fold(label);
  return fold(words)
    .split(/\s+/)
    .every((w) => text.includes(w));
};
