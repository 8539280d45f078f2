// How well a password stands up to guessing: in words, a bar only underlines them.
import { useEffect, useState } from "preact/hooks";
import * as api from "../core/api";
import type { Strength } from "../core/types";

// Levels and times for a rich attacker with the stolen database: Argon2id slows the guesses to ten thousand a second.
// Upper bounds are powers of ten of guesses.
const LEVELS = [
  { below: 6, word: "Very weak", time: "guessed within minutes" },
  { below: 8.9, word: "Weak", time: "guessed within a day" },
  { below: 11.3, word: "Fair", time: "guessed within a year" },
  { below: 13.5, word: "Strong", time: "guessed in decades" },
  { below: Infinity, word: "Very strong", time: "not guessed in centuries" },
];

/** 0 (very weak) to 4 (very strong). */
export const levelOf = (s: Strength) => LEVELS.findIndex((l) => s.guesses_log10 < l.below);

/** The strength of a password as it is typed; null while there is nothing to say. */
export function useStrength(password: string, inputs: string[]): Strength | null {
  const [strength, setStrength] = useState<Strength | null>(null);
  const known = inputs.join("\n");
  useEffect(() => {
    if (!password) {
      setStrength(null);
      return;
    }
    let current = true;
    api.strength({ password, inputs: known.split("\n").filter(Boolean) })
      .then((s) => current && setStrength(s), () => undefined); // only advice: the form works without
    return () => {
      current = false;
    };
  }, [password, known]);
  return strength;
}

export function StrengthMeter({ strength }: { strength: Strength | null }) {
  const score = strength ? levelOf(strength) : -1;
  const level = LEVELS[score];
  return (
    <div class="strength" data-score={strength ? score : "none"}>
      <div class="strength-bar" aria-hidden="true">{[0, 1, 2, 3].map((i) => <span key={i} data-on={score > i} />)}</div>
      <p role="status">
        {strength && level
          ? <><strong>{level.word}</strong>: {level.time}. {score < 3 && (strength.warning || strength.suggestions?.[0])}</>
          : "Several unrelated words make a password that is strong and easy to keep in mind."}
      </p>
    </div>
  );
}
