/** The `Mailer` port over SMTP (RFC 5321). */
import type { Transporter } from "nodemailer";
import { messageOf, PermanentError, TransientError } from "../errors.ts";
import type { Mailer } from "../ports.ts";

export interface SmtpMailer extends Mailer {
  close(): void;
}

const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000, dnsTimeout: 10_000 };

/**
 * Sends through the server of `smtp://user:pass@host:port` (STARTTLS when offered) or `smtps://…`. Throws
 * `PermanentError("mail-rejected")` when the server refuses for good (5xx) the mail or any of its recipients;
 * `TransientError` when it says "later" (`mail-deferred`, 4xx) or cannot be reached (`mail-unreachable`).
 */
export function smtpMailer(url: string): SmtpMailer {
  if (!/^smtps?:\/\/[^/]/.test(url))
    throw new PermanentError("bad-smtp-url", "expected smtp://[user:pass@]host[:port]");
  let transport: Promise<Transporter> | undefined;

  /** Loaded with the first mail: an idle platform does not need it. */
  async function connect(): Promise<Transporter> {
    const { createTransport } = await import("nodemailer");
    return createTransport({ url, ...timeouts, disableFileAccess: true, disableUrlAccess: true });
  }

  return {
    async send(mail) {
      transport ??= connect();
      const { from, to, subject, text, html } = mail;
      try {
        const info: { readonly rejected?: readonly unknown[] | undefined } = await (await transport).sendMail({
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
        throw mailError(thrown);
      }
    },
    close() {
      void transport?.then((open) => open.close());
      transport = undefined;
    },
  };
}

function mailError(thrown: unknown): PermanentError | TransientError {
  if (thrown instanceof PermanentError) return thrown;
  const answer = Number(propertyOf(thrown, "responseCode") ?? 0);
  const message = `the mail server: ${messageOf(thrown)}`;
  const unsendable = answer === 0 && propertyOf(thrown, "code") === "EENVELOPE";
  if (answer >= 500 || unsendable) return new PermanentError("mail-rejected", message, { cause: thrown });
  if (answer >= 400) return new TransientError("mail-deferred", message, { cause: thrown });
  return new TransientError("mail-unreachable", message, { cause: thrown });
}

function propertyOf(thrown: unknown, name: string): unknown {
  return typeof thrown === "object" && thrown !== null ? Reflect.get(thrown, name) : undefined;
}
