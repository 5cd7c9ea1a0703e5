import { PermanentError, TransientError } from "../../../platform/errors.ts";
import { type Channel, defineChannel, type Outcome } from "../../channel.ts";
import { type PostOutcome, postJson, retryAfterSeconds } from "../../http.ts";
import { slackMessage } from "./blocks.ts";

export interface SlackOptions {
  /** Where the Web API answers; only tests change it. */
  readonly apiBase: string;
  /** For connecting, sending and answering together. */
  readonly timeoutMilliseconds: number;
}

type Answer = Extract<PostOutcome, { kind: "answer" }>;

/** Errors of chat.postMessage after which, by Slack's own words, part of it may have happened. */
const uncertainErrors = new Set(["fatal_error", "internal_error"]);
/** Errors of chat.postMessage that pass. */
const passingErrors = new Set(["ratelimited", "rate_limited", "service_unavailable", "request_timeout"]);

/**
 * Slack, by incoming webhook or by bot token with `chat.postMessage`, as the secret says.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 * https://docs.slack.dev/reference/methods/chat.postMessage
 */
export function slackChannel({ apiBase, timeoutMilliseconds }: SlackOptions): Channel {
  return defineChannel("slack", async (message, target, { secrets }) => {
    const secret = (await secrets.get(target.secret)).trim();
    // Previews of linked pages would push the message apart.
    const content = { ...slackMessage(message), unfurl_links: false, unfurl_media: false };
    if (!secret.startsWith("xoxb-")) {
      const posted = await postJson(webhookUrl(secret, target.secret), content, { timeoutMilliseconds });
      return outcomeOf(posted, () => ({ kind: "accepted", receipt: "webhook" }));
    }
    if (!/^[\w-]+$/.test(secret)) throw new PermanentError("slack-secret-invalid", "the bot token is malformed");
    if (target.conversation === undefined) {
      throw new PermanentError("slack-conversation-missing", "a bot token needs the route's target.conversation");
    }
    const body = { channel: target.conversation, link_names: false, ...content };
    const options = { timeoutMilliseconds, authorization: `Bearer ${secret}` };
    return outcomeOf(await postJson(new URL("chat.postMessage", apiBase), body, options), apiOutcome);
  });
}

export const channel = slackChannel({ apiBase: "https://slack.com/api/", timeoutMilliseconds: 10_000 });

/** The webhook in the secret; its value never appears in an error. */
function webhookUrl(secret: string, name: string): URL {
  const url = URL.parse(secret);
  const loopback = url !== null && /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url?.protocol === "https:" || (url?.protocol === "http:" && loopback)) return url;
  throw new PermanentError("slack-secret-invalid", `secret ${name} holds neither an https webhook URL nor a bot token`);
}

function outcomeOf(posted: PostOutcome, accepted: (answer: Answer) => Outcome): Outcome {
  if (posted.kind === "not-sent") {
    throw new TransientError("slack-unreachable", `no connection to Slack: ${posted.reason}`);
  }
  if (posted.kind === "unknown") return posted;
  if (posted.status === 429) throw rateLimited(posted);
  if (posted.status >= 500 || posted.status === 408) {
    throw new TransientError("slack-unavailable", `Slack answered ${posted.status}`, retryOptions(posted));
  }
  if (posted.status >= 200 && posted.status < 300) return accepted(posted);
  throw refused(/^\w{1,64}$/.test(posted.body) ? posted.body : `status_${posted.status}`, posted.status);
}

/** The Web API says in its body how it went, with status 200. */
function apiOutcome(answer: Answer): Outcome {
  const { ok, error, channel: conversation, ts } = bodyOf(answer);
  if (ok === true) return { kind: "accepted", receipt: `${String(conversation)}/${String(ts)}`.slice(0, 100) };
  if (ok !== false || typeof error !== "string")
    return { kind: "unknown", reason: "Slack's answer was cut or unreadable" };
  if (uncertainErrors.has(error)) return { kind: "unknown", reason: `Slack answered ${error}` };
  if (passingErrors.has(error)) throw rateLimited(answer, error);
  throw refused(/^\w{1,64}$/.test(error) ? error : "unknown_error", answer.status);
}

function bodyOf(answer: Answer): { ok?: unknown; error?: unknown; channel?: unknown; ts?: unknown } {
  try {
    const body: unknown = JSON.parse(answer.body);
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return {};
  }
}

function rateLimited(answer: Answer, error = "rate limited"): TransientError {
  return new TransientError("slack-rate-limited", `Slack answered: ${error}`, retryOptions(answer));
}

/** `invalid_auth` becomes `slack-invalid-auth`. */
function refused(error: string, status: number): PermanentError {
  return new PermanentError(
    `slack-${error.toLowerCase().replaceAll("_", "-")}`,
    `Slack refused it: ${error} (${status})`,
  );
}

function retryOptions(answer: Answer): { retryAfterSeconds?: number } {
  const seconds = retryAfterSeconds(answer.retryAfter, Date.now());
  return seconds === undefined ? {} : { retryAfterSeconds: seconds };
}
