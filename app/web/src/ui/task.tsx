// One piece of slow work on a screen, and what became of it.
import { useEffect, useRef, useState } from "preact/hooks";
import { asCoreError, type CoreError } from "../core/error";
import type { Finding, FindingCode } from "../core/protocol.gen";
import { fail } from "../state/app-errors";
import { texts } from "../texts";
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
 * What went wrong and what to do next, in a sentence or two of the reader's language. Of a code without a text, which a newer server
 * may send, the code itself is shown.
 */
export function explain({ code, findings = [], requestId }: Pick<CoreError, "code"> & Partial<CoreError>): string {
  const { problem } = texts.value;
  if (code === "bad_input" && findings[0]) return describe(findings[0]);
  if (code === "server_fault") return problem.server_fault({ id: requestId || "–" });
  const known = Object.hasOwn(problem, code) && problem[code as keyof typeof problem];
  return typeof known === "string" ? known : problem.other({ detail: code });
}

type Sentence = string | ((values: { name: string; got: number; want: number }) => string);

/** What exactly is wrong. */
export function describe({ code, name = "", number = 0, got = 0, want = 0 }: Finding): string {
  const all: Record<FindingCode, Sentence> = texts.value.finding; // has each of them
  const text = Object.hasOwn(all, code) ? all[code] : code;
  return typeof text === "string" ? text : text({ name: labelAt(name, number), got, want });
}

/** The label of a field by its key in the texts. Anything else, such as the id of a record, stays as it is. */
function labelAt(key: string, number: number): string {
  let at: unknown = texts.value;
  for (const part of key.split("."))
    at = at && typeof at === "object" && Object.hasOwn(at, part) ? at[part as keyof typeof at] : undefined;
  if (typeof at === "function") return String(at({ number }));
  return typeof at === "string" ? at : key || "–";
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
