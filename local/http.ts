import { createHash, timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import type { HttpDoor } from "../shared/platform/door.ts";
import { messageOf } from "../shared/platform/errors.ts";
import { limits } from "../shared/platform/limits.ts";
import type { Log, Platform } from "../shared/platform/ports.ts";

interface ServedDoor {
  readonly door: HttpDoor;
  readonly platform: Platform;
}

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly doors: readonly ServedDoor[];
  /** The text of `GET /metrics`, which needs the token too. */
  readonly metrics?: () => string;
  readonly log: Log;
}

export interface RunningServer {
  readonly url: string;
  close(): Promise<void>;
}

interface Target {
  readonly method: string;
  readonly pattern: RegExp;
  /** The more literal segments, the earlier it is tried, as API Gateway does. */
  readonly weight: number;
  readonly served: ServedDoor;
}

/** Serves the HTTP doors as API Gateway does: routes by method and path, checks the token, hands on the request. */
export async function serveHttp(options: HttpOptions): Promise<RunningServer> {
  const targets = options.doors
    .flatMap((served) => served.door.routes.map((route) => targetOf(route, served)))
    .sort((a, b) => b.weight - a.weight);
  const server = await new Promise<ReturnType<typeof serve>>((resolve, reject) => {
    const starting = serve(
      {
        hostname: options.host,
        port: options.port,
        fetch: (request, bindings) => answer(options, targets, request, sourceAddress(bindings)),
      },
      () => resolve(starting),
    );
    starting.on("error", reject);
  });
  const address = server.address() as AddressInfo;
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${host}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) setTimeout(() => server.closeAllConnections(), 2000).unref();
        if ("closeIdleConnections" in server) server.closeIdleConnections();
      }),
  };
}

function sourceAddress(bindings: unknown): string {
  const incoming = (bindings as { incoming?: { socket?: { remoteAddress?: string } } }).incoming;
  return incoming?.socket?.remoteAddress ?? "unknown";
}

function targetOf(route: string, served: ServedDoor): Target {
  const [method = "ANY", path = "/"] = route.split(" ");
  const segments = path.split("/").slice(1);
  const source = segments.map((segment) =>
    segment === "{proxy+}" ? ".+" : segment.startsWith("{") ? "[^/]+" : segment.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&"),
  );
  const weight = segments.reduce(
    (sum, segment) => sum + (segment === "{proxy+}" ? 0 : segment.startsWith("{") ? 10 : 100),
    0,
  );
  return { method, pattern: new RegExp(`^/${source.join("/")}$`), weight: weight + (method === "ANY" ? 0 : 1), served };
}

async function answer(
  options: HttpOptions,
  targets: readonly Target[],
  request: Request,
  from: string,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/metrics" && request.method === "GET" && options.metrics !== undefined) {
    if (!hasToken(request, options.token)) return problem(401, "unauthorised", "send the token");
    return new Response(options.metrics(), { headers: { "content-type": "text/plain; version=0.0.4" } });
  }
  const atPath = targets.filter(({ pattern }) => pattern.test(pathname));
  const target = atPath.find(({ method }) => method === "ANY" || method === request.method);
  if (target === undefined && atPath.length > 0) return methodNotAllowed(atPath);
  if (target === undefined) return problem(404, "not-found", "there is no such route; see /openapi.json");
  const { door, platform } = target.served;
  const open = door.access === "none";
  if (!open && !hasToken(request, options.token)) {
    return problem(401, "unauthorised", "send the token as: Authorization: Bearer ...");
  }
  // A webhook door bounds the body itself: it answers without detail, and counts.
  if (!open && Number(request.headers.get("content-length") ?? "0") > limits.requestBytes) {
    return problem(413, "request-too-large", "the request is too large");
  }
  try {
    return await door.handle(platform, request, { principal: open ? "anonymous" : "local", sourceAddress: from });
  } catch (error) {
    options.log.error("a request failed", { door: door.name, error: messageOf(error) });
    return problem(500, "internal", "the request failed; the log says why");
  }
}

function methodNotAllowed(atPath: readonly Target[]): Response {
  const allow = atPath.map(({ method }) => method).join(", ");
  const body = { code: "method-not-allowed", message: `this route answers to ${allow}` };
  return Response.json(body, { status: 405, headers: { allow } });
}

function problem(status: number, code: string, message: string): Response {
  return Response.json({ code, message }, { status });
}

function hasToken(request: Request, token: string): boolean {
  const given = request.headers.get("authorization") ?? "";
  const digest = (value: string) => createHash("sha256").update(value).digest();
  return timingSafeEqual(digest(given), digest(`Bearer ${token}`));
}
