/** Where the demo's messages go: a Slack-like webhook and a mail server on loopback. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { callbackify } from "node:util";
import PostalMime, { type Email } from "postal-mime";
import { SMTPServer } from "smtp-server";

export interface Receiver<Message> {
  readonly url: string;
  readonly received: Message[];
  /** Resolves with the message number `count` (from 1). */
  wait(count: number): Promise<Message>;
  close(): Promise<void>;
}

function inbox<Message>() {
  const received: Message[] = [];
  const waiting: (() => void)[] = [];
  return {
    received,
    add(message: Message) {
      received.push(message);
      for (const wake of waiting.splice(0)) wake();
    },
    async wait(count: number): Promise<Message> {
      for (;;) {
        const message = received[count - 1];
        if (message !== undefined) return message;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

/** Takes what is posted, as Slack's incoming webhooks do. */
export async function slackReceiver(): Promise<Receiver<{ readonly blocks?: unknown; readonly text?: string }>> {
  const box = inbox<{ blocks?: unknown; text?: string }>();
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      box.add(JSON.parse(body.toString("utf8")));
      response.writeHead(200, { "content-type": "text/plain" }).end("ok");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    ...box,
    url: `http://127.0.0.1:${port}/services/demo`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A mail server that accepts everything and parses it. */
export async function mailReceiver(): Promise<Receiver<Email>> {
  const box = inbox<Email>();
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS", "AUTH"],
    logger: false,
    onData(stream, _session, callback) {
      callbackify(async () => box.add(await PostalMime.parse(await buffer(stream))))((error) => callback(error));
    },
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.server.address() as AddressInfo;
  return {
    ...box,
    url: `smtp://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
