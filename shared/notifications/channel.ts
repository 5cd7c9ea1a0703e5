import type { Platform } from "../platform/ports.ts";
import type { Message } from "./message.ts";
import type { Route } from "./settings.ts";

/** Where a route's messages go: the settings of its channel. */
export type Target = Route["target"];

/** What a channel may use. */
export type ChannelPorts = Pick<Platform, "secrets" | "mailer">;

/**
 * How an attempt ended, when it did not fail for certain. `unknown`: the message left this side and no answer came
 * back, so it may or may not have arrived; it is never sent again by itself.
 */
export type Outcome =
  | { readonly kind: "accepted" /** The receiver's name for the message. */; readonly receipt: string }
  | { readonly kind: "unknown"; readonly reason: string };

/**
 * The code of a `TransientError` by which a port that a channel rests on (the mailer) says that the message left
 * and the answer was lost. Every other transient error promises that nothing was delivered.
 */
export const outcomeUnknown = "outcome-unknown";

/**
 * One way to reach people: one folder `channels/<name>/channel.ts` that exports `channel`. A thrown error promises
 * that nothing was delivered: `TransientError` (try again, after `retryAfterSeconds`) or `PermanentError`. Neither
 * its message nor a receipt carries a secret.
 */
export interface Channel {
  /** As in a route's `target.channel`. */
  readonly name: string;
  deliver(message: Message, target: Target, ports: ChannelPorts): Promise<Outcome>;
}

/** Declares a channel; narrows the target to its own settings. */
export function defineChannel<Name extends Target["channel"]>(
  name: Name,
  deliver: (message: Message, target: Extract<Target, { channel: Name }>, ports: ChannelPorts) => Promise<Outcome>,
): Channel {
  const own = (target: Target): target is Extract<Target, { channel: Name }> => target.channel === name;
  return {
    name,
    async deliver(message, target, ports) {
      if (!own(target)) throw new Error(`channel ${name} was given a target of ${target.channel}`);
      return deliver(message, target, ports);
    },
  };
}
