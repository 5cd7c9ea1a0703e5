/**
 * From EventBridge events about ECS to `ClusterChanged`: only which cluster, who and when. What the event says about
 * the configuration is not read; the cluster is.
 *
 * Native events: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
 * API calls: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import type { EventOf } from "../events/types.ts";
import { eventSchemas } from "../events/types.ts";
import type { EventPattern } from "../platform/door.ts";
import { parseArn, partitionOf } from "./arn.ts";

export const ecsNativeEvents = ["ECS Task State Change", "ECS Deployment State Change"] as const;
/** The API calls that change what runs, or what will run next. */
export const ecsCalls = ["RegisterTaskDefinition", "CreateService", "UpdateService", "DeleteService"] as const;
const callDetailType = "AWS API Call via CloudTrail";
const ecsEventSource = "ecs.amazonaws.com";

/** Selects those events on the account's default bus. Failed calls changed nothing and wake nobody. */
export const ecsEventPattern: EventPattern = {
  source: ["aws.ecs"],
  $or: [
    { "detail-type": [...ecsNativeEvents] },
    {
      "detail-type": [callDetailType],
      detail: { eventSource: [ecsEventSource], eventName: [...ecsCalls], errorCode: [{ exists: false }] },
    },
  ],
};

const name = z.string().min(1).max(512);
const identity = z.looseObject({
  arn: z.string().optional(),
  principalId: z.string().optional(),
  invokedBy: z.string().optional(),
  sessionContext: z
    .looseObject({ sessionIssuer: z.looseObject({ arn: z.string().optional() }).optional() })
    .optional()
    .catch(undefined),
});
const serviceShape = z.looseObject({ clusterArn: name.optional(), serviceArn: name.optional() });

const nativeDetail = z.looseObject({
  clusterArn: name.optional(),
  taskArn: name.optional(),
  group: name.optional(),
  eventName: z.string().max(128).optional(),
});
const callDetail = z.looseObject({
  eventID: z.string().min(1).max(256),
  eventSource: z.string(),
  eventName: z.string().min(1).max(128),
  eventTime: z.iso.datetime(),
  awsRegion: z.string().max(64).optional(),
  recipientAccountId: z.string().max(64).optional(),
  userIdentity: identity.optional().catch(undefined),
  errorCode: z.string().nullish(),
  errorMessage: z.string().nullish(),
  readOnly: z.boolean().nullish(),
  requestParameters: z
    .looseObject({
      cluster: name.optional(),
      service: name.optional(),
      serviceName: name.optional(),
      family: name.optional(),
    })
    .nullish(),
  responseElements: z
    .looseObject({
      service: serviceShape.optional(),
      taskDefinition: z.looseObject({ taskDefinitionArn: name.optional() }).optional(),
    })
    .nullish(),
});

/** The EventBridge envelope of an ECS event. Details are checked by kind when it is read. */
export const ecsEventSchema = z.object({
  id: z.string().min(1).max(256),
  "detail-type": z.string().max(128),
  source: z.string().max(128),
  account: z.string().regex(/^\d{1,64}$/),
  region: z.string().regex(/^[a-z0-9-]{1,64}$/),
  time: z.iso.datetime(),
  resources: z.array(z.string().max(1024)).max(100).default([]),
  detail: z.record(z.string(), z.unknown()),
});
export type EcsEvent = z.infer<typeof ecsEventSchema>;

/** Why an event is not a change; `malformed` is worth a look, the others are business as usual. */
export type Ignored = "other-event" | "failed-call" | "read-only" | "malformed";

export type Normalised =
  | { readonly event: EventOf<"ClusterChanged"> }
  | { readonly ignored: Ignored; readonly why?: string };

/** Reads one event. Pure; never throws. */
export function clusterChangeOf(event: EcsEvent): Normalised {
  if (event.source !== "aws.ecs") return { ignored: "other-event" };
  const type = event["detail-type"];
  if (type === callDetailType) return changeOfCall(event);
  return ecsNativeEvents.some((known) => known === type) ? changeOfNative(event) : { ignored: "other-event" };
}

function changeOfNative(event: EcsEvent): Normalised {
  const detail = nativeDetail.safeParse(event.detail);
  if (!detail.success) return { ignored: "malformed", why: z.prettifyError(detail.error) };
  const resource = event.resources[0] ?? detail.data.taskArn;
  const subject = event["detail-type"] === "ECS Task State Change" ? (detail.data.group ?? resource) : resource;
  return change({
    account: event.account,
    region: event.region,
    cluster: detail.data.clusterArn ?? clusterOfService(resource) ?? "*",
    cause: {
      sourceEventId: event.id,
      name: detail.data.eventName ?? event["detail-type"],
      time: event.time,
      ...(subject === undefined ? {} : { resource: subject.slice(0, 512) }),
    },
  });
}

function changeOfCall(event: EcsEvent): Normalised {
  const detail = callDetail.safeParse(event.detail);
  if (!detail.success) return { ignored: "malformed", why: z.prettifyError(detail.error) };
  const call = detail.data;
  const known = call.eventSource === ecsEventSource && ecsCalls.some((known) => known === call.eventName);
  if (!known) return { ignored: "other-event" };
  if (call.errorCode || call.errorMessage) return { ignored: "failed-call" };
  if (call.readOnly === true) return { ignored: "read-only" };
  const account = call.recipientAccountId ?? event.account;
  const region = call.awsRegion ?? event.region;
  const actor = actorOf(call.userIdentity);
  const resource = resourceOf(call);
  return change({
    account,
    region,
    cluster: clusterOf(call, account, region),
    cause: {
      sourceEventId: call.eventID,
      name: call.eventName,
      time: call.eventTime,
      ...(actor === undefined ? {} : { actor }),
      ...(resource === undefined ? {} : { resource }),
    },
  });
}

function change(data: Omit<EventOf<"ClusterChanged">["data"], "provider">): Normalised {
  const parsed = eventSchemas.ClusterChanged.safeParse({ provider: "ecs", ...data });
  if (!parsed.success) return { ignored: "malformed", why: z.prettifyError(parsed.error) };
  const identity = [data.account, data.region, data.cause.sourceEventId];
  const id = createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 32);
  return {
    event: { type: "ClusterChanged", id: `cluster-changed:${id}`, time: data.cause.time, data: parsed.data },
  };
}

type Call = z.infer<typeof callDetail>;

/** A task definition belongs to no cluster; a service call without one means the account's cluster `default`. */
function clusterOf(call: Call, account: string, region: string): string {
  if (call.eventName === "RegisterTaskDefinition") return "*";
  const answered = call.responseElements?.service?.clusterArn;
  if (answered !== undefined) return answered;
  const asked = call.requestParameters?.cluster ?? "default";
  if (parseArn(asked) !== undefined) return asked;
  return `arn:${partitionOf(region)}:ecs:${region}:${account}:cluster/${asked}`;
}

function resourceOf(call: Call): string | undefined {
  const { requestParameters: asked, responseElements: answered } = call;
  if (call.eventName === "RegisterTaskDefinition") {
    return answered?.taskDefinition?.taskDefinitionArn ?? asked?.family;
  }
  return answered?.service?.serviceArn ?? asked?.service ?? asked?.serviceName;
}

/** The caller; for calls that AWS makes itself, the service it makes them for. */
function actorOf(identity: z.infer<typeof callDetail>["userIdentity"]): string | undefined {
  const actor =
    identity?.arn ?? identity?.sessionContext?.sessionIssuer?.arn ?? identity?.invokedBy ?? identity?.principalId;
  return actor === undefined || actor === "" ? undefined : actor.slice(0, 512);
}

/** The cluster of a service by its long ARN (`service/<cluster>/<service>`); old short ones do not say. */
function clusterOfService(service: string | undefined): string | undefined {
  const arn = service === undefined ? undefined : parseArn(service);
  const [kind, cluster, rest] = arn?.resource.split("/") ?? [];
  if (arn === undefined || kind !== "service" || cluster === undefined || rest === undefined) return undefined;
  return `arn:${arn.partition}:ecs:${arn.region}:${arn.account}:cluster/${cluster}`;
}
