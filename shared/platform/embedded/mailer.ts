/** The `Mailer` port over SMTP (RFC 5321). */
import { messageOf, PermanentError, TransientError } from "../errors.ts";
import type { Mailer } from "../ports.ts";

const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000, dnsTimeout: 10_000 };

/**
 * Sends through the server of `smtp://user:pass@host:port` (STARTTLS when offered) or `smtps://…`, one connection per
 * mail. Throws `PermanentError("mail-rejected")` when the server refuses for good (5xx) the mail or any of its
 * recipients; `TransientError` when it says "later" (`mail-deferred`, 4xx), cannot be reached (`mail-unreachable`), or
 * fell silent after the content was begun, so that nobody knows whether it took the mail (`outcome-unknown`).
 */
export function smtpMailer(url: string): Mailer {
  if (!/^smtps?:\/\/[^/]/.test(url))
    throw new PermanentError("bad-smtp-url", "expected smtp://[user:pass@]host[:port]");
  return {
    async send(mail) {
      // Loaded with the first mail: an idle platform does not need it.
      const { createTransport } = await import("nodemailer");
      const watch = dataWatch();
      const transport = createTransport({
        url,
        ...timeouts,
        disableFileAccess: true,
        disableUrlAccess: true,
        logger: watch.logger,
        transactionLog: true,
      });
      const { from, to, subject, text, html } = mail;
      try {
        const info: { readonly rejected?: readonly unknown[] | undefined } = await transport.sendMail({
          from,
          to: [...to],
          subject,
          text,
          html,
          messageId: `<${mail.messageId}>`,
        });
        const refused = info.rejected?.length ?? 0;
        if (refused > 0) {
          throw new PermanentError(
            "mail-rejected",
            `${refused} of ${to.length} recipients were refused, the rest has it`,
          );
        }
      } catch (thrown) {
        throw mailError(thrown, watch.begun());
      } finally {
        transport.close();
      }
    },
  };
}

/** Sees in the transaction's log whether the server asked for the content (RFC 5321, 354): after that silence tells nothing. */
function dataWatch() {
  let begun = false;
  const line = (entry: unknown, message?: unknown) => {
    if (propertyOf(entry, "tnx") === "server" && typeof message === "string" && message.startsWith("354")) begun = true;
  };
  const ignore = () => undefined;
  const logger = {
    level: ignore,
    trace: ignore,
    debug: line,
    info: ignore,
    warn: ignore,
    error: ignore,
    fatal: ignore,
  };
  return { logger, begun: () => begun };
}

function mailError(thrown: unknown, begun: boolean): PermanentError | TransientError {
  if (thrown instanceof PermanentError) return thrown;
  const answer = Number(propertyOf(thrown, "responseCode") ?? 0);
  const message = `the mail server: ${messageOf(thrown)}`;
  const unsendable = answer === 0 && propertyOf(thrown, "code") === "EENVELOPE";
  if (answer >= 500 || unsendable) return new PermanentError("mail-rejected", message, { cause: thrown });
  if (answer >= 400) return new TransientError("mail-deferred", message, { cause: thrown });
  if (begun) return new TransientError("outcome-unknown", message, { cause: thrown });
  return new TransientError("mail-unreachable", message, { cause: thrown });
}

function propertyOf(thrown: unknown, name: string): unknown {
  return typeof thrown === "object" && thrown !== null ? Reflect.get(thrown, name) : undefined;
}
