// The one-time code of an item with its remaining time, and the form field for its authenticator key.
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { asCoreError, type CoreError } from "../../core/error";
import type { OneTimeCode } from "../../core/protocol.gen";
import { handled } from "../../state/app-errors";
import { copySecret } from "../../state/clipboard";
import { texts } from "../../texts";
import { IconButton } from "../../ui/controls";
import { PasswordField } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { explain } from "../../ui/task";
import { FieldRow } from "./field-row";

/** "123 456" is easier to read and type. Steam's codes of five letters stay whole. */
export const halves = (code: string) =>
  code.length > 5 ? `${code.slice(0, code.length / 2)} ${code.slice(code.length / 2)}` : code;

const ROUND = 2 * Math.PI * 9; // the ring's circumference

function Ring({ left, period }: { left: number; period: number }) {
  return (
    <span class="ring" data-soon={left <= 5}>
      <svg viewBox="0 0 22 22" aria-hidden="true">
        <circle class="ring-all" cx="11" cy="11" r="9" />
        <circle class="ring-left" cx="11" cy="11" r="9" stroke-dasharray={`${(ROUND * left) / period} ${ROUND}`} />
      </svg>
      <span aria-hidden="true">{left}</span>
      <span class="visually-hidden">{texts.value.oneTimeCode.validFor({ count: left })}</span>
    </span>
  );
}

/** A time-based code and its remaining seconds. */
function useCode(id: string, modified: string | undefined) {
  const [code, setCode] = useState<OneTimeCode | null>(null);
  const [left, setLeft] = useState(0);
  const [problem, setProblem] = useState<CoreError | null>(null);
  useEffect(() => {
    let current = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let until = 0;
    const tick = () => {
      if (!current) return;
      const seconds = Math.ceil((until - Date.now()) / 1000);
      if (seconds <= 0) {
        void read();
        return;
      }
      setLeft(seconds);
      timer = setTimeout(tick, until - Date.now() - (seconds - 1) * 1000);
    };
    const read = async () => {
      try {
        const now = await api.code({ id });
        if (!current) return;
        setCode(now);
        setProblem(null);
        if (!now.period) return; // counter-based: a button requests the next code
        until = Date.now() + now.seconds_left * 1000;
        tick();
      } catch (e) {
        if (current && !handled(e)) setProblem(asCoreError(e));
      }
    };
    void read();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [id, modified]);
  return { code, left, problem, setCode };
}

export function CodeRow({ id, modified }: { id: string; modified: string | undefined }) {
  const { oneTimeCode: text } = texts.value;
  const { code, left, problem, setCode } = useCode(id, modified);
  if (problem)
    return (
      <FieldRow label={text.code}>
        <span class="field-error">{text.badKey}</span>
      </FieldRow>
    );
  if (!code)
    return (
      <FieldRow label={text.code}>
        <span class="bone bone-line" role="status">
          <span class="visually-hidden">{text.loading}</span>
        </span>
      </FieldRow>
    );
  const next = () =>
    api.nextCode({ id }).then(setCode, (e: unknown) => {
      handled(e);
    });
  return (
    <FieldRow
      label={text.code}
      onCopy={() => void copySecret(code.code, text.code)}
      actions={
        code.period > 0 ? (
          <Ring left={left} period={code.period} />
        ) : (
          <IconButton icon="refresh" label={text.nextCode} onClick={() => void next()} />
        )
      }
    >
      <output class="code mono">{halves(code.code)}</output>
    </FieldRow>
  );
}

const PAUSE_MS = 250;

/** Whether the typed key is valid, and its current code. */
function useTrial(totp: string) {
  const [trial, setTrial] = useState<{ code?: string; problem?: boolean }>({});
  useEffect(() => {
    setTrial({});
    if (!totp.trim()) return;
    let current = true;
    const timer = setTimeout(() => {
      api.code({ totp }).then(
        (made) => current && setTrial({ code: made.code }),
        (e: unknown) => current && !handled(e) && setTrial({ problem: true }),
      );
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [totp]);
  return trial;
}

/** Whether a new authenticator key makes no codes. `accepted` is not tried. */
export async function isBadKey(totp: string, accepted: string) {
  if (!totp.trim() || totp === accepted) return false;
  return api.code({ totp }).then(
    () => false,
    (e: unknown) => {
      if (asCoreError(e).code !== "bad_input") throw e;
      return true;
    },
  );
}

export function OneTimeField({ value, onInput }: { value: string; onInput: (value: string) => void }) {
  const { common, oneTimeCode: text } = texts.value;
  const [reading, setReading] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [over, setOver] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const trial = useTrial(value);

  async function scan(picture: Blob) {
    setReading(true);
    setProblem(null);
    try {
      const found = (await api.scanQr(picture)).text;
      if (/^(otpauth|steam):\/\//i.test(found)) onInput(found);
      else setProblem(text.otherQR);
    } catch (e) {
      if (!handled(e)) setProblem(asCoreError(e).code === "bad_input" ? text.noQR : explain(asCoreError(e)));
    } finally {
      setReading(false);
    }
  }
  const pictureOf = (items: FileList | undefined) => [...(items ?? [])].find((f) => f.type.startsWith("image/"));

  const codeOrHint = trial.code ? text.makes({ code: halves(trial.code) }) : text.keyHint;
  return (
    <div
      class="drop"
      data-over={over}
      onPaste={(e) => {
        const picture = pictureOf(e.clipboardData?.files);
        if (!picture) return;
        e.preventDefault();
        void scan(picture);
      }}
      onDragOver={(e) => {
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(e) => {
        e.preventDefault();
        setOver(false);
        const picture = pictureOf(e.dataTransfer?.files);
        if (picture) void scan(picture);
        else setProblem(text.noQR);
      }}
    >
      <PasswordField
        label={common.authenticatorKey}
        value={value}
        autocomplete="off"
        error={problem ?? (trial.problem ? text.badKey : null)}
        onInput={(v) => {
          setProblem(null);
          onInput(v);
        }}
        hint={reading ? text.readingQR : codeOrHint}
        trailing={
          <button
            type="button"
            class="input-button"
            aria-label={text.scan}
            title={text.scan}
            aria-busy={reading}
            onClick={() => file.current?.click()}
          >
            <Icon name="qr" />
          </button>
        }
      />
      <input
        ref={file}
        type="file"
        accept="image/*"
        hidden
        aria-hidden="true"
        tabIndex={-1}
        onChange={(e) => {
          const picture = e.currentTarget.files?.[0];
          e.currentTarget.value = "";
          if (picture) void scan(picture);
        }}
      />
    </div>
  );
}
