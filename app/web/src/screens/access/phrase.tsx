// The recovery phrase: shown once, saved by the user, then checked.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { toast } from "../../state/app";
import { copySecret } from "../../state/clipboard";
import { texts } from "../../texts";
import { dayOf } from "../../texts/dates";
import { Button } from "../../ui/controls";
import { TextField } from "../../ui/field";
import { Icon, Mark } from "../../ui/icon";
import { saveFile } from "../../ui/save-file";

const number = (i: number) => String(i + 1).padStart(2, " ");

export function asFile(words: string[], username: string): string {
  const { common, phrase: text } = texts.value;
  return [
    text.sheet,
    "",
    `${common.username}: ${username}`,
    `${text.sheetSite}: ${location.origin}`,
    `${text.sheetDate}: ${dayOf(new Date().toISOString())}`,
    "",
    ...words.map((w, i) => `${number(i)}  ${w}`),
    "",
    text.sheetHow,
    "",
  ].join("\n");
}

function saveWords(words: string[], username: string) {
  saveFile("vaultsphere-recovery-phrase.txt", asFile(words, username), "text/plain");
  toast(texts.value.phrase.saved);
}

/** The words and three ways to save them. The printed sheet is hidden on screen. */
export function PhraseSheet({ words, username }: { words: string[]; username: string }) {
  const { common, phrase: text } = texts.value;
  return (
    <>
      <p class="notice phrase-why">
        <Icon name="danger" />
        <span>{text.why}</span>
      </p>
      <ol class="words" aria-label={common.recoveryPhrase}>
        {words.map((w, i) => (
          <li key={i}>
            <span aria-hidden="true">{i + 1}</span>
            <b>{w}</b>
          </li>
        ))}
      </ol>
      <div class="actions phrase-actions">
        <Button icon="print" onClick={() => print()}>
          {text.print}
        </Button>
        <Button icon="download" onClick={() => saveWords(words, username)}>
          {text.file}
        </Button>
        <Button icon="copy" onClick={() => void copySecret(words.join(" "), common.recoveryPhrase)}>
          {text.copy}
        </Button>
      </div>
      <div class="print-sheet" aria-hidden="true">
        <h2>
          <Mark />
          {text.sheet}
        </h2>
        <p>
          {common.username}: <b dir="auto">{username}</b>
          <br />
          {text.sheetSite}: <b>{location.origin}</b>
          <br />
          {text.sheetDate}: <b>{dayOf(new Date().toISOString())}</b>
        </p>
        <ol>
          {words.map((w, i) => (
            <li key={i}>{w}</li>
          ))}
        </ol>
        <p>{text.sheetHow}</p>
      </div>
    </>
  );
}

/** Three different positions below n, in order. */
export function pickThree(n: number): number[] {
  const places = new Set<number>();
  while (places.size < 3) places.add(crypto.getRandomValues(new Uint32Array(1))[0]! % n);
  return [...places].sort((a, b) => a - b);
}

/** The three words that the user is asked for. It outlives <PhraseCheck>, so that looking at the words again keeps right answers. */
export function usePhraseCheck(words: string[]) {
  const places = useMemo(() => (words.length ? pickThree(words.length) : []), [words]);
  const [typed, setTyped] = useState<string[]>([]);
  const [marked, setMarked] = useState<number[]>([]); // indexes of wrong answers
  useEffect(() => {
    setTyped(places.map(() => ""));
    setMarked([]);
  }, [places]);
  const wrong = places.map((_, i) => i).filter((i) => typed[i]?.trim().toLowerCase() !== words[places[i]!]);
  return {
    places,
    typed,
    marked,
    type(index: number, value: string) {
      setTyped(typed.map((t, i) => (i === index ? value : t)));
      setMarked(marked.filter((i) => i !== index));
    },
    /** Marks the wrong answers and returns their indexes. */
    judge() {
      setMarked(wrong);
      return wrong;
    },
    clearWrong() {
      setTyped(typed.map((t, i) => (wrong.includes(i) ? "" : t)));
      setMarked([]);
    },
  };
}

export function PhraseCheck({
  check,
  onConfirmed,
  onBack,
  busy,
}: {
  check: ReturnType<typeof usePhraseCheck>;
  onConfirmed: () => void;
  onBack: () => void;
  busy: boolean;
}) {
  const text = texts.value.phrase;
  const { places, typed, marked } = check;
  const inputs = useRef<(HTMLInputElement | null)[]>([]);
  useLayoutEffect(
    () =>
      inputs.current[
        Math.max(
          0,
          typed.findIndex((t) => !t),
        )
      ]?.focus(),
    [],
  );
  return (
    <form
      class="stack"
      onSubmit={(e) => {
        e.preventDefault();
        const [first] = check.judge();
        if (first === undefined) onConfirmed();
        else inputs.current[first]?.focus();
      }}
    >
      <p class="lead">{text.ask}</p>
      {places.map((p, i) => (
        <TextField
          key={p}
          label={text.word({ number: p + 1 })}
          value={typed[i] ?? ""}
          mono
          inputRef={(input) => {
            inputs.current[i] = input;
          }}
          error={marked.includes(i) ? text.wrong({ number: p + 1 }) : null}
          onInput={(value) => check.type(i, value)}
        />
      ))}
      <Button type="submit" kind="primary" wide busy={busy} disabled={typed.some((t) => !t.trim())}>
        {text.confirm}
      </Button>
      <Button
        kind="quiet"
        wide
        onClick={() => {
          check.clearWrong();
          onBack();
        }}
      >
        {text.back}
      </Button>
    </form>
  );
}
