import type { ErrorCode, Failure, Finding, MessageValues } from "./protocol.gen";

/** An error of the core. Screens have a text for its code and its findings. Its message is the code, and no sentence. */
export class CoreError extends Error {
  readonly values: MessageValues;
  readonly findings: Finding[];
  readonly requestId: string;
  readonly retryAfter: number; // seconds; 0 if the server named none

  constructor(
    readonly code: ErrorCode,
    { values, findings, request_id, retry_after }: Omit<Partial<Failure>, "code"> = {},
  ) {
    super(code);
    this.values = values ?? {};
    this.findings = findings ?? [];
    this.requestId = request_id ?? "";
    this.retryAfter = Number(retry_after) || 0;
  }

  /** Reads an error that the core sent as JSON. Any other text becomes an "internal" error: the runtime crashed. */
  static parse(message: string): CoreError {
    try {
      const failure = JSON.parse(message) as Failure;
      if (typeof failure.code === "string") return new CoreError(failure.code, failure);
    } catch {
      // not JSON
    }
    return asCoreError(message);
  }
}

/** Any other error is "internal" to people, and is logged. */
export function asCoreError(e: unknown): CoreError {
  if (e instanceof CoreError) return e;
  // biome-ignore lint/suspicious/noConsole: its words are in English, so the page shows only the code
  console.error(e);
  return new CoreError("internal");
}
