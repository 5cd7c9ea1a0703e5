import { messageOf, PermanentError, TransientError } from "../errors.ts";

export interface Failure {
  readonly permanent: boolean;
  /** The error's code; `defect` for an error of any other class. */
  readonly code: string;
  /** At most 1,000 characters. */
  readonly reason: string;
  readonly retryAfterSeconds?: number;
}

const mostReason = 1000;
/** SQS's longest visibility timeout: a sender's wish for more is not granted. */
const mostDelaySeconds = 43_200;
const mostBackoffSeconds = 300;

/** What anything thrown by a handler means for its message. */
export function failureOf(thrown: unknown): Failure {
  const reason = messageOf(thrown).slice(0, mostReason);
  if (thrown instanceof PermanentError) return { permanent: true, code: thrown.code, reason };
  if (!(thrown instanceof TransientError)) return { permanent: false, code: "defect", reason };
  const wish = thrown.retryAfterSeconds;
  if (wish === undefined || !(wish >= 0)) return { permanent: false, code: thrown.code, reason };
  return { permanent: false, code: thrown.code, reason, retryAfterSeconds: Math.min(wish, mostDelaySeconds) };
}

/** Seconds to wait after so many failures in a row: 1, 2, 4 … 300. */
export function delayAfter(failures: number): number {
  return Math.min(mostBackoffSeconds, 2 ** (Math.max(1, failures) - 1));
}
