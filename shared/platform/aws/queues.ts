/**
 * The queues port on SQS. Rights: SendMessage on the declared queues; for their administration GetQueueAttributes on
 * queue and dead-letter queue, StartMessageMoveTask, ReceiveMessage and DeleteMessage on the latter, SendMessage on the former.
 */
import {
  GetQueueAttributesCommand,
  type QueueAttributeName,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SQSClient,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import * as z from "zod";
import { PermanentError, TransientError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { QueueStatus, Queues } from "../ports.ts";
import { messageText } from "../validation.ts";
import { clientDefaults } from "./client.ts";
import { failureOf } from "./errors.ts";
import type { Provider } from "./providers.ts";
import { batches, untilAllSent } from "./retry.ts";

const entriesPerRequest = 10;
/** SQS's own limit; who wants to wait longer looks again when the message comes. */
const longestDelaySeconds = 900;
const counts = [
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesDelayed",
] as const satisfies readonly QueueAttributeName[];

export interface SqsQueuesOptions {
  readonly client: SQSClient;
  /** The URL of each door's queue. */
  readonly urls: Readonly<Record<string, string>>;
}

export const provide: Provider<"queues"> = ({ environment }) =>
  sqsQueues({ client: new SQSClient(clientDefaults), urls: environment.require("queueUrls") });

export function sqsQueues(options: SqsQueuesOptions): Queues {
  return {
    send: (queue, bodies, delaySeconds) => send(options, queue, bodies, delaySeconds),
    status: () => Promise.all(Object.keys(options.urls).map((name) => statusOf(options, name))),
    redrive: (queue) => redrive(options, queue),
  };
}

function urlOf({ urls }: SqsQueuesOptions, queue: string): string {
  const url = Object.hasOwn(urls, queue) ? urls[queue] : undefined;
  if (url === undefined) throw new PermanentError("queue-unknown", `there is no queue ${JSON.stringify(queue)} here`);
  return url;
}

async function send(
  options: SqsQueuesOptions,
  queue: string,
  bodies: readonly unknown[],
  delaySeconds = 0,
): Promise<void> {
  const url = urlOf(options, queue);
  const delay = Math.min(longestDelaySeconds, Math.max(0, Math.ceil(delaySeconds)));
  const texts = bodies.map((body) => sendable(messageText(body)));
  for (const batch of batches(texts, entriesPerRequest, limits.messageBytes, (text) => Buffer.byteLength(text))) {
    const entries = batch.map(
      (text, index): SendMessageBatchRequestEntry => ({ Id: String(index), MessageBody: text, DelaySeconds: delay }),
    );
    const left = await untilAllSent(entries, (part) => sendPart(options.client, url, part));
    if (left.length > 0) {
      throw new TransientError("partly-sent", `sending to ${queue}: ${left.length} of ${bodies.length} were refused`);
    }
  }
}

/** SQS refuses two characters that JSON leaves as they are: https://www.w3.org/TR/REC-xml/#charsets */
function sendable(json: string): string {
  return json.replace(/[\ufffe\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
}

/** A 200 may carry refused entries: gives those, unless sending them again would be in vain. */
async function sendPart(
  client: SQSClient,
  url: string,
  part: readonly SendMessageBatchRequestEntry[],
): Promise<readonly SendMessageBatchRequestEntry[]> {
  const command = new SendMessageBatchCommand({ QueueUrl: url, Entries: [...part] });
  const answer = await client.send(command).catch((thrown: unknown) => {
    throw failureOf(thrown, "sending messages");
  });
  const failed = answer.Failed ?? [];
  const fault = failed.find((entry) => entry.SenderFault === true && !/throttl/i.test(entry.Code ?? ""));
  if (fault !== undefined) {
    throw new PermanentError("request-refused", `sending messages: ${fault.Code}: ${fault.Message ?? ""}`);
  }
  const ids = new Set(failed.map((entry) => entry.Id));
  return part.filter((entry) => ids.has(entry.Id));
}

type Attributes = Partial<Record<QueueAttributeName, string>>;

async function attributesOf(client: SQSClient, url: string): Promise<Attributes> {
  const command = new GetQueueAttributesCommand({
    QueueUrl: url,
    AttributeNames: [...counts, "RedrivePolicy", "QueueArn"],
  });
  const answer = await client.send(command).catch((thrown: unknown) => {
    throw failureOf(thrown, "reading a queue's attributes");
  });
  return answer.Attributes ?? {};
}

const numberOf = (attributes: Attributes, name: (typeof counts)[number]) => Number(attributes[name] ?? 0);

const redrivePolicy = z.object({ deadLetterTargetArn: z.string().min(1) });

/** The dead-letter queue stands in the same account and region: its URL differs from the queue's in the name only. */
function deadLettersOf(url: string, attributes: Attributes): { arn: string; url: string } | undefined {
  const text = attributes.RedrivePolicy;
  if (text === undefined || text === "") return undefined;
  const { deadLetterTargetArn: arn } = redrivePolicy.parse(JSON.parse(text));
  return { arn, url: url.slice(0, url.lastIndexOf("/") + 1) + arn.slice(arn.lastIndexOf(":") + 1) };
}

async function statusOf(options: SqsQueuesOptions, name: string): Promise<QueueStatus> {
  const url = urlOf(options, name);
  const attributes = await attributesOf(options.client, url);
  const deadLetters = deadLettersOf(url, attributes);
  const dead = deadLetters === undefined ? {} : await attributesOf(options.client, deadLetters.url);
  return {
    name,
    waiting: numberOf(attributes, "ApproximateNumberOfMessages"),
    inFlight: numberOf(attributes, "ApproximateNumberOfMessagesNotVisible"),
    delayed: numberOf(attributes, "ApproximateNumberOfMessagesDelayed"),
    deadLetters: counts.reduce((sum, count) => sum + numberOf(dead, count), 0),
  };
}

async function redrive(options: SqsQueuesOptions, queue: string): Promise<number> {
  const url = urlOf(options, queue);
  const attributes = await attributesOf(options.client, url);
  const deadLetters = deadLettersOf(url, attributes);
  if (deadLetters === undefined) {
    throw new PermanentError("no-dead-letter-queue", `the queue ${queue} has no dead-letter queue`);
  }
  const waiting = numberOf(await attributesOf(options.client, deadLetters.url), "ApproximateNumberOfMessages");
  if (waiting === 0) return 0;
  // Said expressly: of what EventBridge could not deliver and put there itself, SQS knows no queue it came from.
  const command = new StartMessageMoveTaskCommand({ SourceArn: deadLetters.arn, DestinationArn: attributes.QueueArn });
  await options.client.send(command).catch((thrown: unknown) => {
    const refusals = { UnsupportedOperation: "redrive-refused" };
    throw failureOf(thrown, `redriving ${queue}, perhaps while an earlier redrive still runs`, refusals);
  });
  return waiting;
}
