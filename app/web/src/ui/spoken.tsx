// Announces what changes while the user types or drags, once it has stopped changing.
import { useEffect, useState } from "preact/hooks";

const PAUSE_MS = 1000;
const SPOKEN_MS = 3000; // then removed, so that it is not read again as part of the page

/** A live region that says `text` after a pause. A new `turn` says the same text again. */
export function Spoken({ text, turn = text }: { text: string; turn?: string }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    setSaid("");
    if (!text) return;
    const say = setTimeout(() => setSaid(text), PAUSE_MS);
    const remove = setTimeout(() => setSaid(""), PAUSE_MS + SPOKEN_MS);
    return () => {
      clearTimeout(say);
      clearTimeout(remove);
    };
  }, [text, turn]);
  return (
    <span class="visually-hidden" role="status">
      {said}
    </span>
  );
}
