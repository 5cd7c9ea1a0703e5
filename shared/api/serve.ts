import { Hono } from "hono";
import * as z from "zod";
import { parseJson, readBounded } from "../platform/body.ts";
import type { Caller } from "../platform/door.ts";
import { messageOf, PermanentError, TransientError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { ApiPlatform, ApiRoute, RawInput } from "./route.ts";
import { routes } from "./routes.ts";

interface Environment {
  Variables: { platform: ApiPlatform; caller: Caller };
  Bindings: { platform: ApiPlatform; caller: Caller };
}

type Answer = { status: 200 | 202 | 400 | 404 | 409 | 413 | 500 | 503; body: unknown };

interface Input {
  readonly params: unknown;
  readonly query: unknown;
  readonly request: Request;
}

/** A schema's complaints repeat what was sent: bounded. */
const messageLength = 2000;

/** What the caller can do something about; any other permanent error is ours. */
const statusOf: Readonly<Record<string, 400 | 404 | 409 | 413>> = {
  "bad-request": 400,
  "bad-cursor": 400,
  "bad-reference": 400,
  "bad-key": 400,
  "acceptance-in-the-past": 400,
  "vex-too-large": 400,
  "finding-unknown": 404,
  "queue-unknown": 404,
  "delivery-missing": 404,
  "finding-resolved": 409,
  "delivery-not-resendable": 409,
  "request-too-large": 413,
};

const pathOf = (candidate: ApiRoute) => candidate.path.replaceAll(/\{(\w+)\}/g, ":$1");

const app = new Hono<Environment>();
for (const candidate of routes) {
  app.on(candidate.method.toUpperCase(), pathOf(candidate), async (context) => {
    const { status, body } = await answer(candidate, context.env.platform, context.env.caller, {
      params: context.req.param(),
      query: context.req.query(),
      request: context.req.raw,
    });
    return context.json(body as object, status);
  });
}
for (const [path, candidates] of Map.groupBy(routes, pathOf)) {
  const allow = candidates.map(({ method }) => method.toUpperCase()).join(", ");
  const message = `this route answers to ${allow}`;
  app.all(path, (context) => context.json({ code: "method-not-allowed", message }, 405, { allow }));
}
app.notFound((context) =>
  context.json({ code: "not-found", message: "there is no such route; see /openapi.json" }, 404),
);

/** Serves one API request whose caller the platform has already authenticated. */
export async function serveApi(platform: ApiPlatform, request: Request, caller: Caller): Promise<Response> {
  return app.fetch(request, { platform, caller });
}

async function answer(candidate: ApiRoute, platform: ApiPlatform, caller: Caller, input: Input): Promise<Answer> {
  try {
    const value = await candidate.run(platform, await validated(candidate, input), caller);
    if (value === undefined)
      return { status: 404, body: { code: "not-found", message: "there is nothing under this name" } };
    return { status: candidate.status, body: value };
  } catch (error) {
    return answerOf(error, platform, candidate);
  }
}

/** What the route's schemas make of the request. Throws `PermanentError("bad-request" | "request-too-large")`. */
async function validated(candidate: ApiRoute, input: Input): Promise<RawInput> {
  const body = candidate.body === undefined ? undefined : await readJson(input.request);
  return {
    params: valid(candidate.params, input.params),
    query: valid(candidate.query?.strict(), input.query),
    body: valid(candidate.body, body),
  };
}

function valid(schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return {};
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new PermanentError("bad-request", z.prettifyError(parsed.error).slice(0, messageLength));
  return parsed.data;
}

function answerOf(error: unknown, platform: ApiPlatform, candidate: ApiRoute): Answer {
  const status = error instanceof PermanentError ? statusOf[error.code] : undefined;
  if (error instanceof PermanentError && status !== undefined) {
    return { status, body: { code: error.code, message: error.message } };
  }
  if (error instanceof TransientError) return { status: 503, body: { code: error.code, message: "try again" } };
  platform.log.error("an API request failed", { route: candidate.id, error: messageOf(error) });
  return { status: 500, body: { code: "internal", message: "the request failed; the log says why" } };
}

async function readJson(request: Request): Promise<unknown> {
  const bytes = await readBounded(request.body, limits.requestBytes);
  if (bytes === undefined) throw new PermanentError("request-too-large", "the request is too large");
  const json = parseJson(bytes);
  if (json === undefined) throw new PermanentError("bad-request", "the body is not JSON, or nested too deeply");
  return json.value;
}
