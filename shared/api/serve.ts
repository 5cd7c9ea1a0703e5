import { Hono } from "hono";
import * as z from "zod";
import type { Caller } from "../platform/door.ts";
import { messageOf, PermanentError, TransientError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { ApiPlatform, ApiRoute } from "./route.ts";
import { routes } from "./routes.ts";

interface Environment {
  Variables: { platform: ApiPlatform; caller: Caller };
  Bindings: { platform: ApiPlatform; caller: Caller };
}

type Answer = { status: 200 | 202 | 400 | 404 | 409 | 413 | 500 | 503; body: unknown };

/** Codes of permanent errors that are not the caller's bad input. */
const statusOf: Readonly<Record<string, 404 | 409>> = {
  "finding-unknown": 404,
  "queue-unknown": 404,
  "delivery-missing": 404,
  "finding-resolved": 409,
  "delivery-not-resendable": 409,
};

const app = new Hono<Environment>();
for (const candidate of routes) {
  app.on(candidate.method.toUpperCase(), candidate.path.replaceAll(/\{(\w+)\}/g, ":$1"), async (context) => {
    const { status, body } = await answer(candidate, context.env.platform, context.env.caller, {
      params: context.req.param(),
      query: context.req.query(),
      request: context.req.raw,
    });
    return context.json(body as object, status);
  });
}
app.notFound((context) =>
  context.json({ code: "not-found", message: "there is no such route; see /openapi.json" }, 404),
);

/** Serves one API request whose caller the platform has already authenticated. */
export async function serveApi(platform: ApiPlatform, request: Request, caller: Caller): Promise<Response> {
  return app.fetch(request, { platform, caller });
}

async function answer(
  candidate: ApiRoute,
  platform: ApiPlatform,
  caller: Caller,
  input: { params: unknown; query: unknown; request: Request },
): Promise<Answer> {
  try {
    const params = candidate.params?.parse(input.params) ?? {};
    const query = candidate.query?.strict().parse(input.query) ?? {};
    const body = candidate.body === undefined ? undefined : candidate.body.parse(await readJson(input.request));
    const value = await candidate.run(platform, { params, query, body }, caller);
    if (value === undefined)
      return { status: 404, body: { code: "not-found", message: "there is nothing under this name" } };
    return { status: candidate.status, body: value };
  } catch (error) {
    return answerOf(error, platform, candidate);
  }
}

function answerOf(error: unknown, platform: ApiPlatform, candidate: ApiRoute): Answer {
  if (error instanceof z.ZodError) {
    return { status: 400, body: { code: "bad-request", message: z.prettifyError(error) } };
  }
  if (error instanceof PermanentError) {
    const status = error.code === "request-too-large" ? 413 : (statusOf[error.code] ?? 400);
    return { status, body: { code: error.code, message: error.message } };
  }
  if (error instanceof TransientError) return { status: 503, body: { code: error.code, message: "try again" } };
  platform.log.error("an API request failed", { route: candidate.id, error: messageOf(error) });
  return { status: 500, body: { code: "internal", message: "the request failed; the log says why" } };
}

async function readJson(request: Request): Promise<unknown> {
  const declared = Number(request.headers.get("content-length") ?? "0");
  if (declared > limits.requestBytes) throw new PermanentError("request-too-large", "the request is too large");
  const text = await request.text();
  if (text.length > limits.requestBytes) throw new PermanentError("request-too-large", "the request is too large");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PermanentError("bad-request", "the body is not JSON", { cause });
  }
}
