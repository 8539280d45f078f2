// Judges and generates passwords in a worker of the core's worker. WebAssembly never returns memory, and the dictionaries take some 30 MB, so the
// meter's worker ends when it has nothing to do. It also ends with the core's worker.
import type { Generated, StrengthOf } from "./protocol.gen";
import { scriptPolicy } from "./script-policy";

declare const METER_URL: string;

type Kind = "password" | "passphrase";

export type ToMeter = StrengthOf | { weak: string[] } | { kind: Kind; rules: string };
export type FromMeter = { answer: unknown } | { error: string };

const IDLE_MS = 30_000; // a user who types a password or opens items has the next question soon

const trusted = scriptPolicy(METER_URL);

let worker: Worker | undefined;
let unanswered = 0;
let last: Promise<unknown> = Promise.resolve();
let idle: ReturnType<typeof setTimeout> | undefined;

function end() {
  worker?.terminate();
  worker = undefined;
}

/** Ends the meter's worker if it has nothing to do. The next question starts another one. */
export function endMeter() {
  if (unanswered === 0) end();
}

function put(question: ToMeter): Promise<unknown> {
  worker ??= new Worker(trusted(METER_URL), { type: "module", name: "meter" });
  const to = worker;
  return new Promise((resolve, reject) => {
    to.onmessage = ({ data }: MessageEvent<FromMeter>) => {
      if ("answer" in data) resolve(data.answer);
      else reject(new Error(data.error));
    };
    to.onerror = (e) => {
      e.preventDefault();
      reject(new Error(e.message || "the strength meter did not start"));
    };
    to.postMessage(question);
  });
}

/** Asks one question after the other. After an error, the next one starts another worker. */
async function ask(question: ToMeter): Promise<unknown> {
  clearTimeout(idle);
  unanswered++;
  const answer = last.then(() => put(question));
  last = answer.catch(end);
  try {
    return await answer;
  } finally {
    unanswered--;
    if (unanswered === 0) idle = setTimeout(end, IDLE_MS);
  }
}

/** The strength of a password, as strength.wasm returns it. */
export const strength = (of: StrengthOf) => ask(of);

/** Reports which passwords are weak. */
export const weak = (passwords: string[]) => ask({ weak: passwords }) as Promise<boolean[]>;

/** Generates a secret by rules, as JSON. Returns null if nothing fits them. */
export const generate = (kind: Kind, rules: string) => ask({ kind, rules }) as Promise<Generated | null>;
