import type { ErrorCode, Failure, MessageValues } from "./protocol.gen";

/** An error of the core. Screens rely on its code. Its message never contains a secret. */
export class CoreError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint = "",
    readonly retryAfter = 0, // seconds; 0 if the server did not say
    readonly values: MessageValues = {},
  ) {
    super(message);
  }

  /** Reads an error that the core sent as JSON. Any other text becomes an "internal" error. */
  static parse(json: string): CoreError {
    try {
      const { code, message, hint, retry_after, values } = JSON.parse(json) as Failure;
      if (typeof code === "string" && typeof message === "string") {
        return new CoreError(code, message, hint ?? "", Number(retry_after) || 0, values);
      }
    } catch {
      // not JSON: the runtime crashed
    }
    return new CoreError("internal", json);
  }
}

export const asCoreError = (e: unknown): CoreError =>
  e instanceof CoreError ? e : new CoreError("internal", e instanceof Error ? e.message : String(e));
