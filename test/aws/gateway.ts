/**
 * Stands between the SDK's clients and an emulator: answers itself what a test wants to fail, or what the emulator
 * does not have, and passes on the rest byte for byte.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { type Emulator, region } from "../support/aws-emulators.ts";

export interface Call {
  /** The JSON protocols' operation, such as `PutEvents`; for S3 the method. */
  readonly operation: string;
  readonly path: string;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Answers the call; lets it pass (`undefined`); breaks the connection before it passes (`break`); or lets it pass and
 * loses the emulator's answer (`lose`).
 */
export type Verdict = Answer | "break" | "lose" | undefined;
export type Intercept = (call: Call) => Promise<Verdict> | Verdict;

/** The verdict for the first so many calls of an operation; the others pass. */
export function first(count: number, operation: string, verdict: (call: Call) => Verdict): Intercept {
  let left = count;
  return (call) => (call.operation === operation && left-- > 0 ? verdict(call) : undefined);
}

export interface Gateway extends Emulator {
  /** All calls since the start, passed on or not. */
  readonly calls: readonly Call[];
  intercept(by: Intercept | undefined): void;
}

/** An error in the form of AWS's JSON protocols. */
export const jsonError = (name: string, status = 400, more: object = {}): Answer => ({
  status,
  body: JSON.stringify({ __type: name, message: `${name} on purpose`, ...more }),
  headers: { "content-type": "application/x-amz-json-1.0" },
});

export async function openGateway(upstream: Pick<Emulator, "endpoint" | "client">): Promise<Gateway> {
  const calls: Call[] = [];
  let by: Intercept | undefined;
  const server = createServer((incoming, response) => {
    void serve(incoming, response).catch((thrown: unknown) => response.destroy(thrown as Error));
  });
  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const target = incoming.headers["x-amz-target"];
    const operation = typeof target === "string" ? target.slice(target.indexOf(".") + 1) : (incoming.method ?? "");
    const call = { operation, path: incoming.url ?? "/", body: body.toString() };
    calls.push(call);
    const answer = await by?.(call);
    if (answer === "break") return void response.destroy();
    if (typeof answer === "object") return void response.writeHead(answer.status, answer.headers).end(answer.body);
    await passOn(upstream.endpoint, incoming, body, response, answer === "lose");
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    client: { ...upstream.client, endpoint },
    calls,
    intercept(next) {
      by = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function passOn(
  endpoint: string,
  incoming: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
  lose: boolean,
): Promise<void> {
  const { method, headers, url } = incoming;
  return new Promise((resolve, reject) => {
    const outgoing = request(`${endpoint}${url}`, { method, headers }, (answer) => {
      if (lose) {
        answer.resume().on("end", resolve);
        response.destroy();
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response).on("finish", resolve).on("error", reject);
    });
    outgoing.on("error", reject).end(body);
  });
}

/**
 * What moto lacks: `StartMessageMoveTask`, done with the emulator's own receive, send and delete, as SQS describes it:
 * each message goes back, as a new one, to the queue that `sources` says the dead-letter queue belongs to.
 */
export function moveTasks(emulator: Pick<Emulator, "client">, sources: Readonly<Record<string, string>>): Intercept {
  const client = new SQSClient(emulator.client);
  return async ({ operation, body }) => {
    if (operation !== "StartMessageMoveTask") return undefined;
    const arn: string = JSON.parse(body).SourceArn;
    const name = arn.slice(arn.lastIndexOf(":") + 1);
    const { QueueUrl: from } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
    for (;;) {
      const { Messages: messages = [] } = await client.send(
        new ReceiveMessageCommand({ QueueUrl: from, MaxNumberOfMessages: 10 }),
      );
      if (messages.length === 0) break;
      for (const message of messages) {
        await client.send(new SendMessageCommand({ QueueUrl: sources[name], MessageBody: message.Body }));
        await client.send(new DeleteMessageCommand({ QueueUrl: from, ReceiptHandle: message.ReceiptHandle }));
      }
    }
    return { status: 200, body: JSON.stringify({ TaskHandle: `${region}-task` }) };
  };
}
