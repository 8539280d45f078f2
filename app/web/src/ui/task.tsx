// One piece of slow work on a screen, and what became of it.
import { useEffect, useRef, useState } from "preact/hooks";
import { asCoreError, type CoreError } from "../core/error";
import type { FileCode } from "../core/protocol.gen";
import { fail } from "../state/app-errors";
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

/** Runs one work at a time. An error that concerns the whole app goes there, any other is shown by <Problem>. */
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
          if (!fail(problem) && mounted.current) setError(problem);
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
 * What went wrong and what to do next, in a sentence or two of the reader's language. The message is in English: of a code without
 * a text, a newer server's, only the code is shown.
 */
export function explain({ code, message, values }: Pick<CoreError, "code" | "message"> & Partial<CoreError>): string {
  const { problem } = texts.value;
  if (code === "bad_input") return problem.bad_input({ detail: message });
  if (code === "server_fault") return problem.server_fault({ id: message || "–" });
  const files: Record<FileCode, Sentence> = texts.value.fileProblem;
  if (Object.hasOwn(files, code)) return sentence(files[code as FileCode], values);
  const known = Object.hasOwn(problem, code) && problem[code as keyof typeof problem];
  if (typeof known === "string") return known;
  return problem.other({ detail: code === "internal" ? message : code }); // what is internal, the core says
}

/** Seconds left until `error` says that one may try again; 0 when it does not. */
export function useCountdown(error: CoreError | null): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (!error?.retryAfter) {
      setLeft(0);
      return;
    }
    const until = Date.now() + error.retryAfter * 1000;
    const tell = () => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000)));
    tell();
    const timer = setInterval(tell, 500);
    return () => clearInterval(timer);
  }, [error]);
  return left;
}

export function retryIn(seconds: number): string {
  const { problem } = texts.value;
  return seconds < 90 ? problem.retryInSeconds({ count: seconds }) : problem.retryInMinutes({ count: Math.ceil(seconds / 60) });
}

export function Problem({ error, wait }: { error: CoreError | null; wait?: number }) {
  if (!error) return null;
  return (
    <div class="problem" role="alert">
      <Icon name="danger" />
      <p>
        {explain(error)}
        {wait ? <span aria-live="off"> {retryIn(wait)}</span> : error.code === "throttled" && ` ${texts.value.problem.retryNow}`}
      </p>
    </div>
  );
}
