// One piece of slow work on a screen, and what became of it.
import { useEffect, useRef, useState } from "preact/hooks";
import { asCoreError, type CoreError } from "../core/error";
import { fail } from "../state/session";
import { Icon } from "./icon";

export interface Task {
  busy: boolean;
  error: CoreError | null;
  run(work: () => Promise<void>): void;
  clear(): void;
  refuse(message: string): void;
}

/** Runs one work at a time. An error that concerns the whole app goes there, any other is shown by <Problem>. */
export function useTask(): Task {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<CoreError | null>(null);
  const mounted = useRef(true);
  const running = useRef(false);
  useEffect(() => () => {
    mounted.current = false;
  }, []);
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
    refuse: (message) => setError(asCoreError(new Error(message))),
  };
}

const words: Record<string, (e: CoreError) => string> = {
  invalid_credentials: () => "The user name or the password is not right.",
  wrong_password: () => "That is not the master password.",
  totp_invalid: () => "That code is not right, or it was used before. Wait for the next one and try again.",
  totp_required: () => "A code from your authenticator is needed.",
  username_taken: () => "This user name is taken. Choose another.",
  offline: () => "The server cannot be reached. Check the connection, then try again.",
  unavailable: () => "The server is busy. Try again in a moment.",
  storage_unavailable: () => "The server cannot reach its storage. Nothing was changed; try again in a moment.",
  storage_full: () => "The server’s storage is full. Nothing was changed; tell whoever runs it.",
  too_large: () => "This is too large to keep. Shorten the notes or the fields.",
  revision_conflict: () => "Another device was faster. Try again.",
  conflict: () => "The account was changed at the same time. Try again.",
  not_found: () => "This no longer exists. Another device may have deleted it.",
};

const sentence = (s: string) => {
  const first = s.charAt(0).toUpperCase() + s.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
};

/** What went wrong and what to do next, in a sentence or two. */
export function explain(e: CoreError): string {
  const known = words[e.code];
  if (known) return known(e);
  return sentence(e.message) + (e.hint ? ` ${sentence(e.hint)}` : "");
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

export const inWords = (seconds: number) =>
  seconds < 90 ? `${seconds} second${seconds === 1 ? "" : "s"}` : `${Math.ceil(seconds / 60)} minutes`;

export function Problem({ error, wait }: { error: CoreError | null; wait?: number }) {
  if (!error) return null;
  const throttled = error.code === "throttled";
  return (
    <div class="problem" role="alert">
      <Icon name="danger" />
      <p>
        {throttled ? "Too many attempts." : explain(error)}
        {wait ? <span aria-live="off"> Try again in {inWords(wait)}.</span> : throttled && " You can try again now."}
      </p>
    </div>
  );
}
