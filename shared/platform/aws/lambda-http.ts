/** HTTP doors: API Gateway's HTTP API, payload format 2.0, to and from web requests and responses. */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import type { Caller, HttpDoor } from "../door.ts";
import { messageOf, TransientError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Runtime } from "./runtime.ts";

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
export type HttpEvent = APIGatewayProxyEventV2 & {
  readonly requestContext: {
    readonly authorizer?: { readonly jwt?: { readonly claims?: Readonly<Record<string, unknown>> } };
  };
};

/** Lambda's answer is at most 6 MB of JSON; base64 makes 4 of 3 bytes. */
const responseBytes = 4 * 1024 * 1024;
const textTypes = /^(text\/|application\/([a-z0-9.+-]+\+)?(json|xml|yaml)\b)/i;

export async function handleHttp(
  door: HttpDoor,
  runtime: Runtime,
  event: HttpEvent,
): Promise<APIGatewayProxyStructuredResultV2> {
  const caller = callerOf(event);
  // The authorizer has done this already; a route that lost its authorizer must not stand open.
  if (door.access === "token" && caller.principal === anonymous) {
    return problem(401, "unauthorised", "a bearer token is required");
  }
  const body = bodyOf(event);
  if (body === "too large") return problem(413, "request-too-large", "the request is too large");
  try {
    return await resultOf(await door.handle(runtime.platform, requestOf(event, body), caller));
  } catch (thrown) {
    return failed(runtime, thrown);
  }
}

function failed(runtime: Runtime, thrown: unknown): APIGatewayProxyStructuredResultV2 {
  const stack = thrown instanceof Error ? thrown.stack?.slice(0, 4000) : undefined;
  const fields = { error: messageOf(thrown).slice(0, 2000), ...(stack === undefined ? {} : { stack }) };
  runtime.log.error("a request failed", fields);
  runtime.metrics.count("requests-failed");
  if (thrown instanceof TransientError) {
    return problem(503, "try-again", "the request cannot be answered now", {
      "retry-after": String(Math.ceil(thrown.retryAfterSeconds ?? 5)),
    });
  }
  return problem(500, "internal", "the request failed; the log says why");
}

function problem(
  statusCode: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ code, message }),
  };
}

const anonymous = "anonymous";

function callerOf({ requestContext }: HttpEvent): Caller {
  const claims = requestContext.authorizer?.jwt?.claims ?? {};
  const name = [claims["sub"], claims["email"]].find((claim) => typeof claim === "string" && claim !== "");
  return {
    principal: typeof name === "string" ? name : anonymous,
    sourceAddress: requestContext.http.sourceIp,
  };
}

/** The length of base64 is known before it is decoded. */
function bodyOf({ body = "", isBase64Encoded }: HttpEvent): Buffer | "too large" {
  const most = isBase64Encoded ? Math.ceil((limits.requestBytes * 4) / 3) + 4 : limits.requestBytes;
  if (body.length > most) return "too large";
  const bytes = Buffer.from(body, isBase64Encoded ? "base64" : "utf8");
  return bytes.byteLength > limits.requestBytes ? "too large" : bytes;
}

function requestOf(event: HttpEvent, body: Buffer): Request {
  const { method } = event.requestContext.http;
  const headers = new Headers();
  for (const [name, value] of Object.entries(event.headers)) if (value !== undefined) headers.append(name, value);
  if (event.cookies !== undefined) headers.set("cookie", event.cookies.join("; "));
  // API Gateway has decoded the path: what was an escaped delimiter must not become a delimiter.
  const path = event.rawPath.replace(/[?#]/g, encodeURIComponent);
  const query = event.rawQueryString === "" ? "" : `?${event.rawQueryString}`;
  const bodiless = method === "GET" || method === "HEAD";
  return new Request(`https://${event.requestContext.domainName}${path}${query}`, {
    method,
    headers,
    ...(bodiless ? {} : { body: new Uint8Array(body) }),
  });
}

async function resultOf(response: Response): Promise<APIGatewayProxyStructuredResultV2> {
  const bytes = Buffer.from(await response.arrayBuffer());
  if (bytes.byteLength > responseBytes) {
    throw new Error(`the response of ${bytes.byteLength} bytes is larger than Lambda takes`);
  }
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== "set-cookie"));
  const asText = textTypes.test(headers["content-type"] ?? "") && headers["content-encoding"] === undefined;
  const cookies = response.headers.getSetCookie();
  return {
    statusCode: response.status,
    headers,
    ...(cookies.length === 0 ? {} : { cookies }),
    ...(bytes.byteLength === 0 ? {} : { body: bytes.toString(asText ? "utf8" : "base64"), isBase64Encoded: !asText }),
  };
}
