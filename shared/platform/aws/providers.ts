/**
 * How a function's bundle brings its adapters: each adapter module exports `provide`, and the generated entry
 * (`entry.ts`) hands over those that its door declares. Nothing here imports an adapter.
 */
import type { Clock, Log, Metrics, Platform } from "../ports.ts";
import type { Environment } from "./env.ts";

/** What an adapter is made from. */
export interface AwsContext {
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The ports that stand for a service of AWS. */
export type ServicePort = "table" | "blobs" | "bus" | "queues" | "secrets" | "mailer" | "credentials" | "ecs";

/** Makes an adapter: at most once per running function, at its first use. Opens no connection. */
export type Provider<Port extends ServicePort> = (context: AwsContext) => Platform[Port];

/** Sets when a message becomes visible again, in seconds from now. Best effort: never throws. */
export type Postpone = (queueArn: string, receiptHandle: string, seconds: number) => Promise<void>;

export type Providers = { readonly [Port in ServicePort]?: Provider<Port> } & {
  /** For queue doors. */
  readonly postpone?: (context: AwsContext) => Postpone;
};
