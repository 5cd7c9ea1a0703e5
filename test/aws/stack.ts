/** What the stack sets up on AWS, made on the emulators: a table, queues with dead-letter queues, a bus with rules. */
import { CreateTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  CreateEventBusCommand,
  type EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import type { LambdaHandler } from "../../shared/platform/aws/lambda.ts";
import type { EventPattern } from "../../shared/platform/door.ts";
import { account, region } from "../support/aws-emulators.ts";

export async function createTable(client: DynamoDBClient, name: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
    }),
  );
}

export const queueArn = (name: string) => `arn:aws:sqs:${region}:${account}:${name}`;
export const deadLettersOf = (name: string) => `${name}-dead-letters`;

/** A queue and its dead-letter queue; gives the queue's URL. */
export async function createQueue(client: SQSClient, name: string, maxReceives: number): Promise<string> {
  await client.send(new CreateQueueCommand({ QueueName: deadLettersOf(name) }));
  const policy = { deadLetterTargetArn: queueArn(deadLettersOf(name)), maxReceiveCount: maxReceives };
  const { QueueUrl: url = "" } = await client.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { RedrivePolicy: JSON.stringify(policy) } }),
  );
  return url;
}

export async function createBus(
  client: EventBridgeClient,
  name: string,
  rules: readonly { readonly target: string; readonly pattern: EventPattern }[],
): Promise<void> {
  await client.send(new CreateEventBusCommand({ Name: name }));
  for (const { target, pattern } of rules) {
    const rule = { EventBusName: name, Name: target, EventPattern: JSON.stringify(pattern) };
    await client.send(new PutRuleCommand(rule));
    const targets = [{ Id: "queue", Arn: queueArn(target) }];
    await client.send(new PutTargetsCommand({ EventBusName: name, Rule: target, Targets: targets }));
  }
}

/** What stands in the queue, taken out of it. */
export async function drain(client: SQSClient, url: string): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (;;) {
    const messages = await receive(client, url);
    if (messages.length === 0) return seen;
    for (const message of messages) {
      seen.push(JSON.parse(message.Body ?? ""));
      await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle }));
    }
  }
}

async function receive(client: SQSClient, url: string): Promise<Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: url,
    MaxNumberOfMessages: 10,
    MessageSystemAttributeNames: ["All"],
  });
  return (await client.send(command)).Messages ?? [];
}

/** What Lambda's event source does once: receives, invokes, deletes what succeeded. Failures come back at once. */
export async function pollOnce(client: SQSClient, url: string, name: string, handler: LambdaHandler): Promise<number> {
  const messages = await receive(client, url);
  if (messages.length === 0) return 0;
  const { batchItemFailures } = (await handler(eventOf(messages, name), lambdaContext())) as SQSBatchResponse;
  const failed = new Set(batchItemFailures.map((failure) => failure.itemIdentifier));
  for (const { MessageId: id = "", ReceiptHandle: receipt } of messages) {
    const message = { QueueUrl: url, ReceiptHandle: receipt };
    if (failed.has(id)) await client.send(new ChangeMessageVisibilityCommand({ ...message, VisibilityTimeout: 0 }));
    else await client.send(new DeleteMessageCommand(message));
  }
  return messages.length;
}

function eventOf(messages: readonly Message[], name: string): SQSEvent {
  return {
    Records: messages.map((message) => ({
      messageId: message.MessageId ?? "",
      receiptHandle: message.ReceiptHandle ?? "",
      body: message.Body ?? "",
      attributes: {
        ApproximateReceiveCount: message.Attributes?.ApproximateReceiveCount ?? "",
        SentTimestamp: message.Attributes?.SentTimestamp ?? "",
        SenderId: "",
        ApproximateFirstReceiveTimestamp: "",
      },
      messageAttributes: {},
      md5OfBody: "",
      eventSource: "aws:sqs",
      eventSourceARN: queueArn(name),
      awsRegion: region,
    })),
  };
}

export function lambdaContext(remainingMilliseconds = 30_000): Context {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: "portwarden-test",
    functionVersion: "1",
    invokedFunctionArn: `arn:aws:lambda:${region}:${account}:function:portwarden-test`,
    memoryLimitInMB: "512",
    awsRequestId: "00000000-0000-0000-0000-000000000000",
    logGroupName: "test",
    logStreamName: "test",
    getRemainingTimeInMillis: () => remainingMilliseconds,
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
}
