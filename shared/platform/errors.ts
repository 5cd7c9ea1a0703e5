/**
 * Two kinds of failure (and only two). A permanent one will fail the same way again: it becomes a visible record
 * and the message is acknowledged. A transient one goes back to the queue. An error of any other class is a defect
 * and is treated as transient, so that it ends in the dead-letter queue where somebody sees it.
 */
export class PermanentError extends Error {
  override readonly name = "PermanentError";
  /** kebab-case, stable: shown to people, stored in records, tested against. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export class TransientError extends Error {
  override readonly name = "TransientError";
  readonly code: string;
  /** The sender's wish (`Retry-After`), in seconds. */
  readonly retryAfterSeconds?: number;

  constructor(code: string, message: string, options?: ErrorOptions & { retryAfterSeconds?: number }) {
    super(message, options);
    this.code = code;
    if (options?.retryAfterSeconds !== undefined) this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The text of anything thrown, without a stack. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  try {
    return String(thrown);
  } catch {
    // Anything can be thrown, also what has no text.
    return Object.prototype.toString.call(thrown);
  }
}
