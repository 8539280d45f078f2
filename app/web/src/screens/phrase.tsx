// The recovery phrase: shown once, kept by the user, then asked for.
import { useMemo, useState } from "preact/hooks";
import { copySecret } from "../state/clipboard";
import { toast } from "../state/app";
import { Button } from "../ui/controls";
import { TextField } from "../ui/field";
import { Icon, Mark } from "../ui/icon";
import { focusOnce } from "./sign-in";

const text = {
  why: "These 24 words are the only other way into your vault. Nobody can give them to you again, and whoever has them can open it. Keep them on paper or another safe place, not in this vault.",
  words: "Recovery phrase",
  print: "Print",
  file: "Save as file",
  copy: "Copy",
  sheet: "VaultSphere recovery phrase",
  sheetHow: "To get into the vault without the master password: open the page, choose “Forgot your master password?” and type the words in this order. Whoever has this sheet can open the vault.",
  sheetUser: "User name",
  sheetSite: "Address",
  fileName: "vaultsphere-recovery-phrase.txt",
  saved: "Saved. Move the file off this device.",
  ask: "To be sure that you have them, type these three words.",
  word: (n: number) => `Word ${n}`,
  wrong: (n: number) => `Word ${n} is different. Look again at what you kept.`,
  confirm: "Confirm",
  back: "Show the words again",
};

const number = (i: number) => String(i + 1).padStart(2, " ");

const asFile = (words: string[], username: string) =>
  [text.sheet, "", `${text.sheetUser}: ${username}`, `${text.sheetSite}: ${location.origin}`, "",
    ...words.map((w, i) => `${number(i)}  ${w}`), "", text.sheetHow, ""].join("\n");

function saveFile(words: string[], username: string) {
  const url = URL.createObjectURL(new Blob([asFile(words, username)], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = text.fileName;
  link.click();
  URL.revokeObjectURL(url);
  toast(text.saved);
}

/** The words, and three ways to keep them. The printed sheet is laid out for paper and invisible here. */
export function PhraseSheet({ words, username }: { words: string[]; username: string }) {
  return (
    <>
      <p class="notice"><Icon name="danger" /><span>{text.why}</span></p>
      <ol class="words" aria-label={text.words}>
        {words.map((w, i) => <li key={i}><span aria-hidden="true">{i + 1}</span><b>{w}</b></li>)}
      </ol>
      <div class="actions">
        <Button icon="print" onClick={() => print()}>{text.print}</Button>
        <Button icon="download" onClick={() => saveFile(words, username)}>{text.file}</Button>
        <Button icon="copy" onClick={() => void copySecret(words.join(" "), text.words)}>{text.copy}</Button>
      </div>
      <div class="print-sheet" aria-hidden="true">
        <h2><Mark />{text.sheet}</h2>
        <p>{text.sheetUser}: <b>{username}</b><br />{text.sheetSite}: <b>{location.origin}</b></p>
        <ol>{words.map((w, i) => <li key={i}>{w}</li>)}</ol>
        <p>{text.sheetHow}</p>
      </div>
    </>
  );
}

/** Three different places out of n, in order. */
function pickThree(n: number): number[] {
  const places = new Set<number>();
  while (places.size < 3) places.add(crypto.getRandomValues(new Uint32Array(1))[0]! % n);
  return [...places].sort((a, b) => a - b);
}

export function PhraseCheck({ words, onConfirmed, onBack, busy }:
  { words: string[]; onConfirmed: () => void; onBack: () => void; busy: boolean }) {
  const places = useMemo(() => pickThree(words.length), [words]);
  const [typed, setTyped] = useState(["", "", ""]);
  const [wrong, setWrong] = useState<number | null>(null);
  return (
    <form class="stack" onSubmit={(e) => {
      e.preventDefault();
      const miss = places.findIndex((p, i) => typed[i]!.trim().toLowerCase() !== words[p]);
      setWrong(miss < 0 ? null : miss);
      if (miss < 0) onConfirmed();
    }}>
      <p class="lead">{text.ask}</p>
      {places.map((p, i) => (
        <TextField key={p} label={text.word(p + 1)} value={typed[i]!} mono inputRef={i === 0 ? focusOnce : undefined}
          error={wrong === i ? text.wrong(p + 1) : null}
          onInput={(v) => setTyped(typed.map((t, j) => (j === i ? v : t)))} />
      ))}
      <Button type="submit" kind="primary" wide busy={busy} disabled={typed.some((t) => !t.trim())}>{text.confirm}</Button>
      <Button kind="quiet" wide onClick={onBack}>{text.back}</Button>
    </form>
  );
}
