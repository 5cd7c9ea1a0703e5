/** Grants a sender's wish for a later attempt. Rights, both part of consuming a queue: GetQueueUrl, ChangeMessageVisibility. */
import { ChangeMessageVisibilityCommand, GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
import { messageOf } from "../errors.ts";
import type { Log } from "../ports.ts";
import { clientDefaults } from "./client.ts";
import type { AwsContext, Postpone } from "./providers.ts";

/** SQS counts its 12 hours from the receipt; a minute is left for the handling before. */
const longestSeconds = 12 * 3600 - 60;

export const provide = ({ log }: AwsContext): Postpone => sqsPostpone(new SQSClient(clientDefaults), log);

export function sqsPostpone(client: SQSClient, log: Log): Postpone {
  const urls = new Map<string, string>();
  async function urlOf(queueArn: string): Promise<string | undefined> {
    const known = urls.get(queueArn);
    if (known !== undefined) return known;
    const [, , , , account, name] = queueArn.split(":");
    const { QueueUrl: url } = await client.send(
      new GetQueueUrlCommand({ QueueName: name, QueueOwnerAWSAccountId: account }),
    );
    if (url !== undefined) urls.set(queueArn, url);
    return url;
  }
  return async (queueArn, receiptHandle, seconds) => {
    const timeout = Math.min(longestSeconds, Math.max(0, Math.ceil(seconds)));
    try {
      const input = { QueueUrl: await urlOf(queueArn), ReceiptHandle: receiptHandle, VisibilityTimeout: timeout };
      await client.send(new ChangeMessageVisibilityCommand(input));
    } catch (thrown) {
      // It comes again after the queue's own visibility timeout then.
      log.warn("a message could not be postponed", { error: messageOf(thrown) });
    }
  };
}
