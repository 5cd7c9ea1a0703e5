import * as z from "zod";
import { findingKinds, severities } from "../findings/types.ts";

const slackTarget = z.strictObject({
  channel: z.literal("slack"),
  /** Secret that holds an incoming webhook URL, or a bot token (`xoxb-…`). */
  secret: z.string().min(1),
  /** The conversation, for a bot token. */
  conversation: z.string().min(1).optional(),
});

const emailTarget = z.strictObject({
  channel: z.literal("email"),
  from: z.email(),
  to: z.array(z.email()).min(1).max(50),
});

export const routeSettings = z.strictObject({
  /** Names the route in records and messages; unique. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  when: z
    .strictObject({
      /** At least this severity. */
      severity: z.enum(severities).optional(),
      /** Any of these globs on `registry/repository`. */
      repositories: z.array(z.string().min(1)).max(100).optional(),
      fixable: z.boolean().optional(),
      /** Only what is known to be exploited. */
      exploited: z.boolean().optional(),
      kinds: z.array(z.enum(findingKinds)).optional(),
    })
    .default({}),
  /** At once (one message per scan), or collected. */
  digest: z.enum(["none", "hourly", "daily"]).default("none"),
  target: z.discriminatedUnion("channel", [slackTarget, emailTarget]),
});
export type Route = z.infer<typeof routeSettings>;

export const notificationSettings = z.strictObject({
  routes: z.array(routeSettings).max(100).default([]),
  /** Where links in messages lead: the base URL of this platform's API. */
  linkBase: z.url().optional(),
});
export type NotificationSettings = z.infer<typeof notificationSettings>;
