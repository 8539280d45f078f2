// Errors that concern the whole app, wherever they turn up. session.ts handles them: it knows the passages to other screens, and
// whoever meets an error need not.
import { asCoreError, type CoreError } from "../core/error";

type Handler = (problem: CoreError) => boolean;

let handler: Handler = () => false;

export function handleProblems(by: Handler) {
  handler = by;
}

/** Reports whether the error concerned the whole app, and is dealt with; else the caller shows it. */
export const fail = (e: unknown): boolean => handler(asCoreError(e));
