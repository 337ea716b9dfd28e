// Why something that was asked of the client did not happen.

import type { ErrorCode } from "./protocol.ts";

/** The server's code, or one of the client's own. */
export type FrontdeskErrorCode = ErrorCode | "closed" | "connection_lost" | "too_many_waiting";

/** A refusal: a stable code, one sentence and the next step. */
export class FrontdeskError extends Error {
  override readonly name: string = "FrontdeskError";
  /** The stable word. */
  readonly code: FrontdeskErrorCode;
  /** One sentence with the values compared. */
  readonly detail: string;
  /** The next step. */
  readonly fix: string;

  constructor(code: FrontdeskErrorCode, detail: string, fix: string) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
    this.fix = fix;
  }
}
