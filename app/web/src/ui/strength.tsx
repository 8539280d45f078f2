// The strength of a password, in words and as a bar.
import { useEffect, useState } from "preact/hooks";
import * as api from "../core/api.gen";
import type { Strength } from "../core/protocol.gen";
import { texts } from "../texts";
import { Spoken } from "./spoken";

// Levels and times for a well-funded attacker with a stolen database: Argon2id limits them to ten thousand guesses a second. `below` is
// the decimal logarithm of the number of guesses.
export const LEVELS = [
  { below: 6, name: "veryWeak" },
  { below: 8.9, name: "weak" },
  { below: 11.3, name: "fair" },
  { below: 13.5, name: "strong" },
  { below: Infinity, name: "veryStrong" },
] as const;

/** 0 (very weak) to 4 (very strong). */
export const levelOf = (s: Strength) => LEVELS.findIndex((l) => s.guesses_log10 < l.below);

/** The strength of a password while it is typed; null while unknown. */
export function useStrength(password: string, inputs: string[]): Strength | null {
  const [strength, setStrength] = useState<Strength | null>(null);
  const known = inputs.join("\n");
  useEffect(() => {
    if (!password) {
      setStrength(null);
      return;
    }
    let current = true;
    api.strength({ password, inputs: known.split("\n").filter(Boolean) }).then(
      (s) => current && setStrength(s),
      () => undefined,
    ); // the form works without it
    return () => {
      current = false;
    };
  }, [password, known]);
  return strength;
}

/** The advice in the language of the page; empty for an unknown code. */
export function advice(code: string): string {
  const sentences: Record<string, string> = texts.value.strength.advice;
  return Object.hasOwn(sentences, code) ? `${sentences[code]}.` : "";
}

export function StrengthMeter({ strength }: { strength: Strength | null }) {
  const score = strength ? levelOf(strength) : -1;
  const text = texts.value.strength;
  const level = LEVELS[score];
  const said = strength && level && ` – ${text[level.name].time}. ${score < 3 ? advice(strength.advice) : ""}`;
  return (
    <div class="strength" data-score={strength ? score : "none"}>
      <div class="strength-bar" aria-hidden="true">
        {[0, 1, 2, 3].map((i) => (
          <span key={i} data-on={score > i} />
        ))}
      </div>
      <p>
        {said ? (
          <>
            <strong>{text[level.name].word}</strong>
            {said}
          </>
        ) : (
          text.none
        )}
      </p>
      <Spoken text={said ? `${text[level.name].word}${said}` : ""} />
    </div>
  );
}
