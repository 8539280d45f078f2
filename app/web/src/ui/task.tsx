// Slow work on a screen and its error.
import { useEffect, useRef, useState } from "preact/hooks";
import { asCoreError, type CoreError } from "../core/error";
import type { ErrorCode, FileCode } from "../core/protocol.gen";
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
 * What went wrong and what to do next, in the language of the page. The message of an error is English, so for a code without a text,
 * as from a newer server, only the code is shown.
 */
export function explain({ code, message, values }: Pick<CoreError, "code" | "message"> & Partial<CoreError>): string {
  const { problem, failure } = texts.value;
  if (code === "bad_input") return problem.bad_input({ detail: message });
  if (code === "server_fault") return problem.server_fault({ id: message || "–" });
  const sentences: Record<FileCode, Sentence> = texts.value.problem;
  const known = Object.hasOwn(sentences, code) && (sentences as Partial<Record<ErrorCode, Sentence>>)[code];
  if (known) return sentence(known, values);
  return failure.other({ detail: code === "internal" ? message : code }); // only the core knows what went wrong
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
