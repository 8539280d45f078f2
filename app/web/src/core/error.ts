import type { ErrorCode, Failure, MessageValues } from "./protocol.gen";

/** What the core refused, with a code that the screens may rely on. Its message never holds a secret. */
export class CoreError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint = "",
    readonly retryAfter = 0, // seconds; 0 when the server named none
    readonly values: MessageValues = {},
  ) {
    super(message);
  }

  /** Reads the JSON in which the glue puts an error; anything else is "internal". */
  static parse(json: string): CoreError {
    try {
      const { code, message, hint, retry_after, values } = JSON.parse(json) as Failure;
      if (typeof code === "string" && typeof message === "string") {
        return new CoreError(code, message, hint ?? "", Number(retry_after) || 0, values);
      }
    } catch {
      // not the glue's JSON: a crash inside the runtime
    }
    return new CoreError("internal", json);
  }
}

export const asCoreError = (e: unknown): CoreError =>
  e instanceof CoreError ? e : new CoreError("internal", e instanceof Error ? e.message : String(e));
