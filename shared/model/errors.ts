/** What stopped the work, named by what the caller must do about it. A bad record is no error: see `Reject`. */
export type ErrorCode =
  /** Try again later: thrown through the door, it makes the runtime retry. Every write is an upsert. */
  | "upstream-unavailable"
  /** Stop this source or sink and tell a person: wrong key, missing permission, changed interface. */
  | "upstream-refused"
  /** Refuse to start, naming every setting that is wrong. */
  | "config-invalid";

/** Message: who, what was expected and got, what to do. Never a secret, never content of a record. */
export class PipelineError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PipelineError";
    this.code = code;
  }
}
