// Slow work on a screen and its error.
import { useEffect, useRef, useState } from "preact/hooks";
import { asCoreError, type CoreError } from "../core/error";
import type { ErrorCode, FileCode, Finding, FindingCode } from "../core/protocol.gen";
import { handled } from "../state/app-errors";
import { texts } from "../texts";
import { type Sentence, sentence } from "../texts/sentence";
import { Icon } from "./icon";

export interface Task {
  busy: boolean;
  error: CoreError | null;
  run(work: () => Promise<void>): void;
  clear(): void;
  refuse(problem: unknown): void;
}

/** Runs one task at a time. Errors that concern the whole app are handled there; <Problem> shows any other. */
export function useTask(): Task {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<CoreError | null>(null);
  const mounted = useRef(true);
  const running = useRef(false);
  useEffect(
    () => () => {
      mounted.current = false;
    },
    [],
  );
  return {
    busy,
    error,
    run(work) {
      if (running.current) return;
      running.current = true;
      setBusy(true);
      setError(null);
      work()
        .catch((e: unknown) => {
          const problem = asCoreError(e);
          if (!handled(problem) && mounted.current) setError(problem);
        })
        .finally(() => {
          running.current = false;
          if (mounted.current) setBusy(false);
        });
    },
    clear: () => setError(null),
    refuse: (problem) => setError(asCoreError(problem)),
  };
}

/**
 * What went wrong and what to do next, in the language of the page. For a code without a text, as from a newer server, the code is
 * shown.
 */
export function explain({ code, values, findings = [], requestId }: Pick<CoreError, "code"> & Partial<CoreError>): string {
  const { problem, failure } = texts.value;
  if (code === "bad_input" && findings[0]) return describe(findings[0]);
  if (code === "server_fault") return problem.server_fault({ id: requestId || "–" });
  const sentences: Record<FileCode, Sentence> = texts.value.problem;
  const known = Object.hasOwn(sentences, code) && (sentences as Partial<Record<ErrorCode, Sentence>>)[code];
  return known ? sentence(known, values) : failure.other({ detail: code });
}

/** What exactly is wrong. */
export function describe({ code, name = "", number = 0, got = 0, want = 0 }: Finding): string {
  const all: Record<FindingCode, FindingText> = texts.value.finding;
  const text = Object.hasOwn(all, code) ? all[code] : code;
  return typeof text === "string" ? text : text({ name: labelAt(name, number), got, want });
}

type FindingText = string | ((values: { name: string; got: number; want: number }) => string);

/** The label of a field by its key in the texts. Anything else, such as the id of a record, stays as it is. */
export function labelAt(key: string, number: number): string {
  let at: unknown = texts.value;
  for (const part of key.split("."))
    at = at && typeof at === "object" && Object.hasOwn(at, part) ? at[part as keyof typeof at] : undefined;
  if (typeof at === "function") return String(at({ number }));
  return typeof at === "string" ? at : key || "–";
}

/** Seconds until `error` allows another attempt; 0 if it sets no limit. */
export function useCountdown(error: CoreError | null): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (!error?.retryAfter) {
      setLeft(0);
      return;
    }
    const until = Date.now() + error.retryAfter * 1000;
    const update = () => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000)));
    update();
    const timer = setInterval(update, 500);
    return () => clearInterval(timer);
  }, [error]);
  return left;
}

export function retryIn(seconds: number): string {
  const { failure } = texts.value;
  return seconds < 90 ? failure.retryInSeconds({ count: seconds }) : failure.retryInMinutes({ count: Math.ceil(seconds / 60) });
}

export function Problem({ error, wait }: { error: CoreError | null; wait?: number }) {
  if (!error) return null;
  return (
    <div class="problem" role="alert">
      <Icon name="danger" />
      <p>
        {explain(error)}
        {wait ? <span aria-live="off"> {retryIn(wait)}</span> : error.code === "throttled" && ` ${texts.value.failure.retryNow}`}
      </p>
    </div>
  );
}
