/**
 * Amazon ECR image actions, as EventBridge delivers them.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
 */
import * as z from "zod";
import { digestSchema, repositorySchema } from "../events/types.ts";
import { PermanentError } from "../platform/errors.ts";
import type { Platform } from "../platform/ports.ts";
import { announce } from "./announce.ts";
import { deleteEvents, instant, pushEvents } from "./events.ts";
import { text } from "./fields.ts";

/** What is routed to the door: finished pushes and deletions. */
export const ecrPattern = {
  source: ["aws.ecr"],
  "detail-type": ["ECR Image Action"],
  detail: { result: ["SUCCESS"], "action-type": ["PUSH", "DELETE"] },
};

export const ecrImageAction = z.object({
  id: z.string().min(1).max(256),
  source: z.literal("aws.ecr"),
  "detail-type": z.literal("ECR Image Action"),
  account: z.string().regex(/^[0-9]{12}$/),
  region: z.string().regex(/^[a-z]{2,8}(-[a-z0-9]{1,16}){1,4}$/),
  time: z.string().max(64),
  detail: z.object({
    result: z.literal("SUCCESS"),
    "action-type": z.enum(["PUSH", "DELETE"]),
    "repository-name": repositorySchema,
    "image-digest": digestSchema,
    /** Absent or empty for a push by digest: the children of an index, and untagged images. */
    "image-tag": text,
    "manifest-media-type": text,
  }),
});
export type EcrImageAction = z.infer<typeof ecrImageAction>;

/** Publishes the domain event of one ECR image action; see `announce` for pushes without a tag. */
export async function takeEcrImageAction(
  ports: Pick<Platform, "bus" | "queues" | "clock">,
  action: EcrImageAction,
): Promise<void> {
  const { detail } = action;
  const origin = { sender: "ecr", sourceEventId: action.id, time: instant(action.time, ports.clock.now()) };
  const image = {
    registry: ecrHost(action.account, action.region),
    repository: detail["repository-name"],
    digest: detail["image-digest"],
    tags: [detail["image-tag"]],
    mediaType: detail["manifest-media-type"],
  };
  const isPush = detail["action-type"] === "PUSH";
  const events = isPush ? pushEvents(origin, image) : deleteEvents(origin, image);
  if (events.length === 0) throw new PermanentError("bad-event", "the ECR image action does not name an image");
  await announce(ports, events);
}

/** Regions of the partitions whose DNS suffix is another one, by their prefix. */
const suffixes: Readonly<Record<string, string>> = {
  "cn-": "amazonaws.com.cn",
  "eusc-": "amazonaws.eu",
  "us-iso-": "c2s.ic.gov",
  "us-isob-": "sc2s.sgov.gov",
};

/** The registry host of an account in a region. */
export function ecrHost(account: string, region: string): string {
  const prefix = Object.keys(suffixes).find((candidate) => region.startsWith(candidate));
  return `${account}.dkr.ecr.${region}.${(prefix && suffixes[prefix]) ?? "amazonaws.com"}`;
}
