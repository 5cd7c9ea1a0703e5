/** One operation of the HTTP API as data: it is served, validated and documented from the same schemas. */
import type * as z from "zod";
import type { Caller } from "../platform/door.ts";
import type { Platform } from "../platform/ports.ts";

export type ApiPlatform = Pick<Platform, "table" | "blobs" | "bus" | "queues" | "clock" | "log" | "settings">;

interface Inputs {
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body: z.ZodObject;
}

export interface ApiRoute {
  readonly method: "get" | "post";
  /** With `{name}` parameters. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  readonly status: 200 | 202;
  readonly response: z.ZodType;
  /** Error codes it may answer with, beyond the common ones. */
  readonly errors?: readonly (404 | 409)[];
  /** Gives the response's value, or `undefined` for 404. */
  run(platform: ApiPlatform, input: RawInput, caller: Caller): Promise<unknown>;
}

/** Validated already; typed again inside `route`. */
export interface RawInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

type Parsed<Schema, Fallback> = Schema extends z.ZodType ? z.infer<Schema> : Fallback;

/** Declares a route; infers the handler's input from its schemas. */
export function route<
  Response extends z.ZodType,
  Params extends Inputs["params"] | undefined = undefined,
  Query extends Inputs["query"] | undefined = undefined,
  Body extends Inputs["body"] | undefined = undefined,
>(declaration: {
  method: "get" | "post";
  path: string;
  id: string;
  summary: string;
  params?: Params;
  query?: Query;
  body?: Body;
  status?: 200 | 202;
  response: Response;
  errors?: readonly (404 | 409)[];
  handle: (
    platform: ApiPlatform,
    input: {
      params: Parsed<Params, Record<string, never>>;
      query: Parsed<Query, Record<string, never>>;
      body: Parsed<Body, undefined>;
    },
    caller: Caller,
  ) => Promise<z.input<Response> | undefined>;
}): ApiRoute {
  const { params, query, body, handle, ...rest } = declaration;
  return {
    ...rest,
    status: declaration.status ?? 200,
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { body }),
    run: (platform, input, caller) =>
      handle(
        platform,
        input as {
          params: Parsed<Params, Record<string, never>>;
          query: Parsed<Query, Record<string, never>>;
          body: Parsed<Body, undefined>;
        },
        caller,
      ),
  };
}
