/**
 * One POST to a token service, on plain fetch: the clouds' own client libraries are 0.6 to 5 MB for the same three
 * requests (docs/decisions/keyless-registries.md).
 */
import { messageOf, PermanentError, TransientError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";

const timeoutMilliseconds = 10_000;

export interface TokenRequest {
  readonly url: string;
  /** Who is asked, for messages: `Entra ID`. */
  readonly service: string;
  readonly body: { readonly form: Readonly<Record<string, string>> } | { readonly json: unknown };
  readonly bearer?: string;
}

/**
 * The JSON answer. Bodies of refusals are not repeated: they can hold what was sent.
 * @throws PermanentError `registry-forbidden` (4xx); TransientError for the network, 429 and 5xx
 */
export async function requestToken(request: TokenRequest): Promise<unknown> {
  const { service } = request;
  const form = "form" in request.body ? new URLSearchParams(request.body.form) : undefined;
  const body = "json" in request.body ? JSON.stringify(request.body.json) : (form?.toString() ?? "");
  const response = await post(request, body, form === undefined ? "application/json" : formType);
  if (response.status === 429 || response.status === 408 || response.status >= 500) {
    await response.body?.cancel();
    throw new TransientError("token-service-unavailable", `${service} answered ${response.status}`);
  }
  if (!response.ok) {
    const reason = await errorCode(response);
    throw new PermanentError("registry-forbidden", `${service} gives us no token (${response.status}${reason})`);
  }
  const answer = await readJson(response, service);
  if (answer !== undefined) return answer;
  throw new TransientError("token-service-unavailable", `${service} answered with what is not JSON`);
}

const formType = "application/x-www-form-urlencoded";

async function post(request: TokenRequest, body: string, type: string): Promise<Response> {
  const authorization = request.bearer === undefined ? {} : { authorization: `Bearer ${request.bearer}` };
  try {
    return await fetch(request.url, {
      method: "POST",
      body,
      headers: { "content-type": type, accept: "application/json", ...authorization },
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMilliseconds),
    });
  } catch (error) {
    throw new TransientError("token-service-unavailable", `${request.service}: ${messageOf(error)}`, { cause: error });
  }
}

/** The `error` member of RFC 6749, section 5.2, which is one word. */
async function errorCode(response: Response): Promise<string> {
  const answer = await readJson(response, "").catch(() => undefined);
  const code = typeof answer === "object" && answer !== null && "error" in answer ? answer.error : undefined;
  return typeof code === "string" && /^[a-z_]{1,60}$/.test(code) ? `, ${code}` : "";
}

async function readJson(response: Response, service: string): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of response.body ?? []) {
      size += part.length;
      if (size > limits.tokenResponseBytes) break;
      parts.push(part);
    }
  } catch (error) {
    throw new TransientError("token-service-unavailable", `${service}: ${messageOf(error)}`, { cause: error });
  }
  try {
    return size > limits.tokenResponseBytes ? undefined : JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch {
    return undefined;
  }
}
