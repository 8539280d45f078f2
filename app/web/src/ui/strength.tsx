// How well a password stands up to guessing: in words, a bar only underlines them.
import { useEffect, useState } from "preact/hooks";
import * as api from "../core/api";
import type { Strength } from "../core/types";

const WORDS = ["Very weak", "Weak", "Fair", "Strong", "Very strong"];

// A rich attacker with the stolen database: 64 MiB of Argon2id for every guess, ten thousand a second.
const GUESSES_PER_SECOND_LOG10 = 4;

function timeToGuess(guessesLog10: number): string {
  const log = guessesLog10 - GUESSES_PER_SECOND_LOG10;
  if (log < 1.8) return "guessed within a minute";
  if (log < 3.6) return "guessed within an hour";
  if (log < 4.95) return "guessed within a day";
  if (log < 6.4) return "guessed within a month";
  if (log < 7.5) return "guessed within a year";
  if (log < 9.5) return "guessed in years";
  return "not guessed in centuries";
}

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
  const score = strength?.score ?? -1;
  return (
    <div class="strength" data-score={strength ? score : "none"}>
      <div class="strength-bar" aria-hidden="true">{[0, 1, 2, 3].map((i) => <span key={i} data-on={score > i} />)}</div>
      <p role="status">
        {strength
          ? <><strong>{WORDS[score]}</strong>: {timeToGuess(strength.guesses_log10)}. {strength.warning || strength.suggestions?.[0] || ""}</>
          : "Several unrelated words make a password that is strong and easy to keep in mind."}
      </p>
    </div>
  );
}
