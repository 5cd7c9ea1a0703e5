/**
 * The mailer port on Amazon SES. Right: SendEmail with the senders' identities. SES replaces the Message-ID of every
 * message by its own, so the stable one travels in a header of ours; who must not see a repeat is protected by the
 * sender's idempotency record, not by SES.
 */
import { SESv2Client, SendEmailCommand } from "@aws-sdk/client-sesv2";
import { messageOf, TransientError } from "../errors.ts";
import type { Mail, Mailer } from "../ports.ts";
import { clientDefaults } from "./client.ts";
import { failureOf } from "./errors.ts";
import type { Provider } from "./providers.ts";

/** Paused sending, an account under review and an unverified domain will be mended: those are transient. */
const permanent = {
  MessageRejected: "mail-rejected",
  BadRequestException: "mail-rejected",
} as const;

/** One attempt: the SDK would repeat a request that SES may already have taken. The queue repeats what was refused. */
export const provide: Provider<"mailer"> = () => sesMailer(new SESv2Client({ ...clientDefaults, maxAttempts: 1 }));

export function sesMailer(client: SESv2Client): Mailer {
  return {
    async send(mail) {
      await client.send(new SendEmailCommand(inputOf(mail))).catch((thrown: unknown) => {
        if (isUnknown(thrown)) {
          throw new TransientError("outcome-unknown", `SES did not answer: ${messageOf(thrown)}`, { cause: thrown });
        }
        throw failureOf(thrown, "sending an email", permanent);
      });
    },
  };
}

/** The connection broke or timed out after the request may have gone out: nobody knows whether SES took the mail. */
function isUnknown(thrown: unknown): boolean {
  const { name, code, $metadata } = thrown as {
    readonly name?: unknown;
    readonly code?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  return $metadata?.httpStatusCode === undefined && (name === "TimeoutError" || brokenCodes.has(String(code)));
}

const brokenCodes: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT"]);

const utf8 = (text: string) => ({ Data: text, Charset: "UTF-8" });

function inputOf(mail: Mail) {
  return {
    FromEmailAddress: mail.from,
    Destination: { ToAddresses: [...mail.to] },
    Content: {
      Simple: {
        Subject: utf8(mail.subject.replace(/[\r\n]+/g, " ")),
        Body: { Text: utf8(mail.text), Html: utf8(mail.html) },
        Headers: [
          { Name: "X-Portwarden-Message-ID", Value: mail.messageId },
          // RFC 3834: keeps vacation responders from answering.
          { Name: "Auto-Submitted", Value: "auto-generated" },
        ],
      },
    },
  };
}
