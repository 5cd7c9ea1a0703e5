/**
 * The mailer port on Amazon SES. Right: SendEmail with the senders' identities. SES replaces the Message-ID of every
 * message by its own, so the stable one travels in a header of ours; who must not see a repeat is protected by the
 * sender's idempotency record, not by SES.
 */
import { SESv2Client, SendEmailCommand } from "@aws-sdk/client-sesv2";
import type { Mail, Mailer } from "../ports.ts";
import { clientDefaults } from "./client.ts";
import { failureOf } from "./errors.ts";
import type { Provider } from "./providers.ts";

/** Paused sending, an account under review and an unverified domain will be mended: those are transient. */
const permanent = {
  MessageRejected: "mail-rejected",
  BadRequestException: "mail-rejected",
} as const;

export const provide: Provider<"mailer"> = () => sesMailer(new SESv2Client(clientDefaults));

export function sesMailer(client: SESv2Client): Mailer {
  return {
    async send(mail) {
      await client.send(new SendEmailCommand(inputOf(mail))).catch((thrown: unknown) => {
        throw failureOf(thrown, "sending an email", permanent);
      });
    },
  };
}

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
