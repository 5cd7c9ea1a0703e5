/**
 * The contract between the rooms: one schema per domain event. On the wire an event is an EventBridge envelope
 * (https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html) whose source is `portwarden`, whose
 * detail-type is the event's type and whose detail is `{ id, ...data }`. Events are delivered at least once, late and
 * in any order: `id` is the same for every delivery of the same fact, `time` is when the fact happened at its source.
 * Details stay small; documents are read from the table or the blobs.
 */
import * as z from "zod";

export const digestSchema = z.string().regex(/^sha256:[a-f0-9]{64}$|^sha512:[a-f0-9]{128}$/);
export const registrySchema = z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,252})(:[0-9]{1,5})?$/i);
export const repositorySchema = z
  .string()
  .max(255)
  .regex(/^[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/);
export const tagSchema = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
const eventTime = z.iso.datetime();
const shortText = z.string().max(512);

/** An image (or index) was pushed. A hint: the digest is read again from the registry. */
export const imagePushed = z.object({
  registry: registrySchema,
  repository: repositorySchema,
  digest: digestSchema,
  tags: z.array(tagSchema).max(100),
  mediaType: z.string().max(256).optional(),
  /** The registry's word for who pushed. */
  pusher: shortText.optional(),
  /** The sender: `ecr`, `azure`, `google`, `distribution`, `harbor`, `github`, `docker-hub`, `quay`. */
  sender: z.string().max(64),
  /** The sender's own id of this event. */
  sourceEventId: shortText,
});
export type ImagePushed = z.infer<typeof imagePushed>;

/** An image, or only a tag (`digest` unknown), was deleted. */
export const imageDeleted = z.object({
  registry: registrySchema,
  repository: repositorySchema,
  digest: digestSchema.optional(),
  tags: z.array(tagSchema).max(100),
  sender: z.string().max(64),
  sourceEventId: shortText,
});
export type ImageDeleted = z.infer<typeof imageDeleted>;

/** Somebody, or something that runs an image never scanned, asks for a scan. */
export const scanRequested = z.object({
  registry: registrySchema,
  repository: repositorySchema,
  /** Digest or tag; the digest wins. */
  digest: digestSchema.optional(),
  tag: tagSchema.optional(),
  reason: z.enum(["api", "push-by-tag", "running-unscanned", "advisories-changed", "sweep"]),
  requestedBy: shortText,
});
export type ScanRequested = z.infer<typeof scanRequested>;

/** A scan of one image or index ended; the transitions it caused stand in its scan document. */
export const scanCompleted = z.object({
  scanId: z.string().max(128),
  registry: registrySchema,
  repository: repositorySchema,
  digest: digestSchema.optional(),
  status: z.enum(["complete", "partial", "failed"]),
  introduced: z.int().min(0),
  fixed: z.int().min(0),
});
export type ScanCompleted = z.infer<typeof scanCompleted>;

/** Something about a cluster changed: re-read it once it is quiet. */
export const clusterChanged = z.object({
  provider: z.enum(["ecs"]),
  account: z.string().max(64),
  region: z.string().max(64),
  /** The cluster's full identifier (ARN); `*` when the event does not say which. */
  cluster: z.string().max(512),
  cause: z.object({
    sourceEventId: shortText,
    /** The API call or event name, e.g. `UpdateService`. */
    name: z.string().max(128),
    /** Who did it, as the cloud says; absent for events without an author. */
    actor: shortText.optional(),
    time: eventTime,
    /** The resource the event names, when it does (service or task definition ARN or name). */
    resource: z.string().max(512).optional(),
  }),
});
export type ClusterChanged = z.infer<typeof clusterChanged>;

/** A cluster was re-read; check results, drift and running images that changed stand in its report document. */
export const clusterAssessed = z.object({
  assessmentId: z.string().max(128),
  provider: z.enum(["ecs"]),
  account: z.string().max(64),
  region: z.string().max(64),
  cluster: z.string().max(512),
  introduced: z.int().min(0),
  fixed: z.int().min(0),
});
export type ClusterAssessed = z.infer<typeof clusterAssessed>;

/** A message for one route is due. */
export const deliveryRequested = z.object({
  deliveryId: z.string().max(128),
  route: z.string().max(64),
});
export type DeliveryRequested = z.infer<typeof deliveryRequested>;

const changeId = z.string().regex(/^[a-f0-9]{32}$/);

/** Another advisory set is in use; what it says differently stands in the change's document. */
export const advisoriesChanged = z.object({
  changeId,
  /** Hash of the set before; absent: unknown. */
  before: z.string().max(128).optional(),
  after: z.string().max(128),
  /** Every image is matched again, whatever changed. */
  everything: z.boolean(),
  /** How many packages are told one by one. */
  packages: z.int().min(0),
});
export type AdvisoriesChanged = z.infer<typeof advisoriesChanged>;

/** Which images are matched again for a change: a list of batches, as a document. */
export const rematchPlanned = z.object({
  changeId,
  /** Key of the blob with a JSON array, one object for each batch. */
  items: z.string().max(512),
  batches: z.int().min(1),
  images: z.int().min(1),
});
export type RematchPlanned = z.infer<typeof rematchPlanned>;

/** The images that a change of the advisories touches were matched again; the report says what that changed. */
export const rematchCompleted = z.object({
  reportId: z.string().max(128),
  status: z.enum(["complete", "partial"]),
  images: z.int().min(0),
  introduced: z.int().min(0),
  fixed: z.int().min(0),
  /** Findings that were open before and are now known to be exploited. */
  escalated: z.int().min(0),
});
export type RematchCompleted = z.infer<typeof rematchCompleted>;

export const eventSchemas = {
  ImagePushed: imagePushed,
  ImageDeleted: imageDeleted,
  ScanRequested: scanRequested,
  ScanCompleted: scanCompleted,
  ClusterChanged: clusterChanged,
  ClusterAssessed: clusterAssessed,
  DeliveryRequested: deliveryRequested,
  AdvisoriesChanged: advisoriesChanged,
  RematchPlanned: rematchPlanned,
  RematchCompleted: rematchCompleted,
} as const;

export type EventType = keyof typeof eventSchemas;

export type DomainEvent = {
  [Type in EventType]: {
    readonly type: Type;
    /** The same for every delivery of the same fact. */
    readonly id: string;
    /** When it happened at its source, ISO 8601 UTC. */
    readonly time: string;
    readonly data: z.infer<(typeof eventSchemas)[Type]>;
  };
}[EventType];

/** The event of one type. */
export type EventOf<Type extends EventType> = Extract<DomainEvent, { type: Type }>;
