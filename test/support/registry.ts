/** The in-process registry with faults, and the options a test reads images from it with. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Exchange, type Registry, type RegistryOptions, startRegistry } from "../../local/demo/registry.ts";
import type { SourceOptions } from "../../shared/registry/source-options.ts";

export type FaultAction =
  /** Answers this status, with headers. */
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Promises everything, sends this many bytes of it, and cuts the connection. */
  | { readonly cutAfter: number }
  /** Sends this many bytes as if they were all. */
  | { readonly shortenTo: number }
  /** Sends the right number of wrong bytes. */
  | { readonly corrupt: true }
  /** Cuts the connection before any answer. */
  | { readonly reset: true }
  /** Answers like always, but as if it did not know `Range`. */
  | { readonly ignoreRange: true }
  /** Waits before answering. */
  | { readonly delayMilliseconds: number };

export interface Fault {
  readonly when: (exchange: Exchange) => boolean;
  readonly act: FaultAction;
  /** How often; default 1. */
  readonly times?: number;
}

export interface FaultyRegistry extends Registry {
  /** Adds a fault; the first that fits a request acts. */
  fail(fault: Fault): void;
  /** `METHOD path range?` of every request, in order. */
  readonly seen: readonly string[];
}

export async function startFaultyRegistry(options: RegistryOptions = {}): Promise<FaultyRegistry> {
  const faults: { readonly fault: Fault; left: number }[] = [];
  const seen: string[] = [];
  const registry = await startRegistry({
    ...options,
    intercept: async (exchange) => {
      const { method, headers } = exchange.request;
      seen.push([method, exchange.path, headers.range].filter((part) => part !== undefined).join(" "));
      if ((await options.intercept?.(exchange)) === true) return true;
      const entry = faults.find((one) => one.left > 0 && one.fault.when(exchange));
      if (entry === undefined) return false;
      entry.left--;
      return act(exchange, entry.fault.act);
    },
  });
  return { ...registry, seen, fail: (fault) => faults.push({ fault, left: fault.times ?? 1 }) };
}

export const isBlob = ({ route }: Exchange): boolean => route.kind === "blob";
export const isManifest = ({ route }: Exchange): boolean => route.kind === "manifest";

/** @returns whether the request has been answered */
async function act(exchange: Exchange, action: FaultAction): Promise<boolean> {
  const { request, response, stored } = exchange;
  const bytes = stored?.bytes ?? Buffer.alloc(0);
  const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const head = { "content-type": stored?.mediaType ?? "application/octet-stream" };
  if ("status" in action) response.writeHead(action.status, action.headers ?? {}).end("{}");
  else if ("reset" in action) request.socket.destroy();
  else if ("corrupt" in action) response.writeHead(200, head).end(Buffer.alloc(bytes.length, 1));
  else if ("shortenTo" in action) {
    response.writeHead(200, { ...head, "content-length": action.shortenTo }).end(bytes.subarray(0, action.shortenTo));
  } else if ("cutAfter" in action) {
    const range = start === 0 ? {} : { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(start === 0 ? 200 : 206, { ...head, ...range, "content-length": bytes.length - start });
    response.write(bytes.subarray(start, start + action.cutAfter), () => setTimeout(() => response.destroy(), 5));
  } else if ("ignoreRange" in action) {
    delete request.headers.range;
    return false;
  } else {
    await sleep(action.delayMilliseconds);
    return false;
  }
  return true;
}

export const silentLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
} as const;

/** Loopback allowed, no credentials, and pauses of a few milliseconds. */
export function sourceOptions(changes: Partial<SourceOptions> = {}): SourceOptions {
  return {
    settings: { allow: [], insecure: [], allowPrivate: ["127.0.0.1", "localhost", "[::1]"] },
    credentials: () => Promise.resolve(undefined),
    log: silentLog,
    timing: { backoffMilliseconds: 2, idleMilliseconds: 2_000, connectMilliseconds: 2_000 },
    ...changes,
  };
}

/** Everything of a stream. */
export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/** The code of what a promise is rejected with. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
  return "no error";
}
