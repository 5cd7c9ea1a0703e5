/**
 * A registry that calls the webhook is a sender: one folder in `senders/` with `sender.ts`, which exports `sender`.
 * A sender says how a delivery proves where it comes from, what the delivery means, and how a repeat is answered.
 * It reads nothing but what it is given, so the whole intake runs without a network in tests.
 */
import type { DomainEvent } from "../events/types.ts";
import type { Clock, Log, Secrets } from "../platform/ports.ts";
import type { IntakeSettings } from "./settings.ts";
import type { SigningKeys } from "./signing-keys.ts";

/** One webhook request, read but not yet believed. */
export interface Delivery {
  readonly headers: Headers;
  readonly query: URLSearchParams;
  /** The body as it came: signatures cover bytes, not meaning. */
  readonly body: Uint8Array;
}

/** What a proof may need. */
export interface ProofPorts {
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly log: Log;
  readonly keys: SigningKeys;
}

/** Why a delivery was refused: the dimension of a counter and a word in the log, never part of the answer. */
export type Refusal =
  | "unknown-sender"
  | "not-configured"
  | "no-secret"
  | "unsigned"
  | "wrong-signature"
  | "wrong-token"
  | "expired-token"
  | "wrong-claims"
  | "stale"
  | "replayed"
  | "too-large"
  | "too-many-events"
  | "malformed";

export type Proof = { readonly proven: true } | { readonly proven: false; readonly reason: Refusal };

/** What a proven delivery means. */
export type Normalised =
  | {
      readonly kind: "events";
      readonly events: readonly DomainEvent[];
      /** Entries of kinds that are nothing to the product (pulls, blobs, charts, pings). */
      readonly ignored: number;
      /** Entries of the right kind that do not hold what they must (a digest that is none). */
      readonly unfit: number;
    }
  | { readonly kind: "malformed" }
  /** A handshake: answered 200 with this JSON, nothing is published. */
  | { readonly kind: "answer"; readonly body: Readonly<Record<string, string>> };

export interface Sender {
  /** The last part of the webhook's path, the name of its settings, and the `sender` of its events. */
  readonly name: Exclude<keyof IntakeSettings, "maxAgeSeconds">;
  readonly replay: {
    /** `accept` (202) for senders that repeat a delivery whose answer was lost; `refuse` (401) for the others. */
    readonly answer: "accept" | "refuse";
    /** How long a delivery is remembered, in seconds. */
    readonly rememberSeconds: number;
  };
  /** Never throws for anything the sender did; throws `TransientError` when keys or secrets cannot be read now. */
  verify(delivery: Delivery, settings: IntakeSettings, ports: ProofPorts): Promise<Proof>;
  /**
   * When the delivery says it was sent, in milliseconds since the epoch. Only for senders that do not repeat a failed
   * delivery by themselves: a repeat may rightly be old, and refusing it for that would lose the push.
   */
  sentAt?(body: unknown): number | undefined;
  /** Never throws. `now` in milliseconds stands in where the sender states no time. */
  normalise(body: unknown, now: number): Normalised;
  /** The answer to an OPTIONS request, for senders that ask before they send; undefined refuses. */
  handshake?(headers: Headers): Readonly<Record<string, string>> | undefined;
}

/** One day: longer than any sender here repeats a delivery by itself. */
export const oneDay = 86_400;
