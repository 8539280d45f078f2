// Errors that concern the whole app, wherever they occur. session.ts handles them, since it controls which screen is shown.
import { asCoreError, type CoreError } from "../core/error";

type Handler = (problem: CoreError) => boolean;

let handler: Handler = () => false;

export function onAppError(handle: Handler) {
  handler = handle;
}

/** Handles an error that concerns the whole app. Returns false for any other, which the caller must show. */
export const handled = (e: unknown): boolean => handler(asCoreError(e));
