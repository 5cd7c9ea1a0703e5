import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Post {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

export type Answer = (response: ServerResponse, post: Post) => void;

export const ok: Answer = (response) => void response.end("ok");
export const status =
  (code: number, body = "", headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(code, headers).end(body);
export const hang: Answer = () => undefined;
export const close: Answer = (response) => void response.socket?.destroy();

export interface SlackServer extends AsyncDisposable {
  /** Every post that was received whole, whatever was answered. */
  readonly posts: Post[];
  readonly url: string;
  /** How the next posts are answered, one each; then `ok`. */
  answer(...next: readonly Answer[]): void;
}

/** A receiver of Slack posts on loopback. */
export async function slackServer(): Promise<SlackServer> {
  const posts: Post[] = [];
  const answers: Answer[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Record<string, unknown>;
      const post = { path: request.url ?? "", headers: request.headers, body };
      posts.push(post);
      (answers.shift() ?? ok)(response, post);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    posts,
    url: `http://127.0.0.1:${port}`,
    answer: (...next) => void answers.push(...next),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
