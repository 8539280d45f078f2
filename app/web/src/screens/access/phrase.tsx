// The recovery phrase: shown once, saved by the user, then checked.

import { useMemo, useState } from "preact/hooks";
import { toast } from "../../state/app";
import { copySecret } from "../../state/clipboard";
import { texts } from "../../texts";
import { Button } from "../../ui/controls";
import { TextField } from "../../ui/field";
import { focusOnce } from "../../ui/focus";
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
      <p class="notice">
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
      <div class="actions">
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
          {common.username}: <b>{username}</b>
          <br />
          {text.sheetSite}: <b>{location.origin}</b>
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

export function PhraseCheck({
  words,
  onConfirmed,
  onBack,
  busy,
}: {
  words: string[];
  onConfirmed: () => void;
  onBack: () => void;
  busy: boolean;
}) {
  const text = texts.value.phrase;
  const places = useMemo(() => pickThree(words.length), [words]);
  const [typed, setTyped] = useState(["", "", ""]);
  const [wrong, setWrong] = useState<number | null>(null);
  return (
    <form
      class="stack"
      onSubmit={(e) => {
        e.preventDefault();
        const miss = places.findIndex((p, i) => typed[i]!.trim().toLowerCase() !== words[p]);
        setWrong(miss < 0 ? null : miss);
        if (miss < 0) onConfirmed();
      }}
    >
      <p class="lead">{text.ask}</p>
      {places.map((p, i) => (
        <TextField
          key={p}
          label={text.word({ number: p + 1 })}
          value={typed[i]!}
          mono
          inputRef={i === 0 ? focusOnce : undefined}
          error={wrong === i ? text.wrong({ number: p + 1 }) : null}
          onInput={(v) => setTyped(typed.map((t, j) => (j === i ? v : t)))}
        />
      ))}
      <Button type="submit" kind="primary" wide busy={busy} disabled={typed.some((t) => !t.trim())}>
        {text.confirm}
      </Button>
      <Button kind="quiet" wide onClick={onBack}>
        {text.back}
      </Button>
    </form>
  );
}
