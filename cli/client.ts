/** The command line's way to a running platform: its HTTP API. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { messageOf, PermanentError, TransientError } from "../shared/platform/errors.ts";
import { UsageError } from "./exit.ts";

export interface ClientOptions {
  readonly data: string;
  readonly url?: string;
  readonly token?: string;
}

export interface Client {
  get<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    query?: Readonly<Record<string, string | undefined>>,
  ): Promise<z.output<Schema>>;
  post<Schema extends z.ZodType>(path: string, schema: Schema, body: unknown): Promise<z.output<Schema>>;
}

const serverFileSchema = z.object({ url: z.url() });
const problemSchema = z.object({ code: z.string(), message: z.string() });

/** Where the platform of a data directory listens (`server.json`), or what was given. */
export function connect(options: ClientOptions): Client {
  const url = options.url ?? process.env["PORTWARDEN_URL"] ?? localUrl(options.data);
  if (!URL.canParse(url))
    throw new UsageError(`${url} is not the address of a platform: it begins with http:// or https://`);
  const token = options.token ?? process.env["PORTWARDEN_TOKEN"] ?? localToken(options.data);
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const target = new URL(path, url.endsWith("/") ? url : `${url}/`);
    let response: Response;
    try {
      response = await fetch(target, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(60_000),
      });
    } catch (cause) {
      throw new TransientError(
        "platform-unreachable",
        `no platform answers at ${target.origin}: is it running? (portwarden start)`,
        { cause },
      );
    }
    return readAnswer(response);
  };
  return {
    get: async (path, schema, query = {}) => {
      const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
      const search = new URLSearchParams(given as [string, string][]).toString();
      return schema.parse(await call("GET", search === "" ? path : `${path}?${search}`));
    },
    post: async (path, schema, body) => schema.parse(await call("POST", path, body)),
  };
}

async function readAnswer(response: Response): Promise<unknown> {
  const value: unknown = await response.json().catch((error: unknown) => ({ message: messageOf(error) }));
  if (response.ok) return value;
  const { data } = problemSchema.safeParse(value);
  if (response.status === 401)
    throw new UsageError(
      "the platform refuses the token: give --token, or the data directory of the platform with --data",
    );
  const code = data?.code ?? `http-${response.status}`;
  const message = data?.message ?? `the platform answered ${response.status}`;
  throw response.status >= 500 ? new TransientError(code, message) : new PermanentError(code, message);
}

function localUrl(data: string): string {
  const path = join(data, "server.json");
  if (!existsSync(path)) {
    throw new UsageError(
      `no platform was started in ${data}: run portwarden start there, or give --data, or --url and --token`,
    );
  }
  return serverFileSchema.parse(JSON.parse(readFileSync(path, "utf8"))).url;
}

function localToken(data: string): string {
  const path = join(data, "token");
  if (!existsSync(path)) throw new UsageError(`there is no token in ${data}: give --token, or --data`);
  return readFileSync(path, "utf8").trim();
}
