import { messageOf, TransientError } from "../../../platform/errors.ts";
import type { Mail } from "../../../platform/ports.ts";
import { defineChannel, outcomeUnknown } from "../../channel.ts";
import type { Message } from "../../message.ts";
import { mailHtml } from "./html.ts";
import { mailText } from "./plain-text.ts";

/** Email, by the platform's mailer (SES on AWS, SMTP locally). */
export const channel = defineChannel("email", async (message, target, { mailer }) => {
  const mail = mailOf(message, target);
  try {
    await mailer.send(mail);
  } catch (thrown) {
    if (!(thrown instanceof TransientError) || thrown.code !== outcomeUnknown) throw thrown;
    return { kind: "unknown", reason: messageOf(thrown) };
  }
  return { kind: "accepted", receipt: mail.messageId };
});

/**
 * The mail of a message. Its Message-ID depends on nothing but the delivery, so that a receiver that has it already
 * can drop the repeat of a message whose first outcome was unknown.
 */
export function mailOf(message: Message, target: { readonly from: string; readonly to: readonly string[] }): Mail {
  const domain = target.from.slice(target.from.lastIndexOf("@") + 1);
  return {
    from: target.from,
    to: target.to,
    subject: `[Portwarden] ${message.title}`,
    text: mailText(message),
    html: mailHtml(message),
    messageId: `${message.id}@${domain}`,
  };
}
