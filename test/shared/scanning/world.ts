/** Everything a scan needs, in memory, over the in-process registry. */
import { demoAdvisories } from "../../../local/demo/advisories.ts";
import { type BuiltImage, type BuiltIndex, buildImage } from "../../../local/demo/build-image.ts";
import type { DomainEvent, EventOf } from "../../../shared/events/types.ts";
import { type Report, reportSchema } from "../../../shared/findings/report.ts";
import { getTimeline } from "../../../shared/findings/store.ts";
import { type Finding, findingSchema } from "../../../shared/findings/types.ts";
import { type ImageRecord, imageRecordSchema } from "../../../shared/images/types.ts";
import type { Blobs, Platform, Table } from "../../../shared/platform/ports.ts";
import { type SettingsInput, settingsSchema } from "../../../shared/platform/settings.ts";
import type { ImagePlatform } from "../../../shared/registry/types.ts";
import { imageDeleted, imagePushed, scanRequested } from "../../../shared/scanning/pushes.ts";
import { getReport } from "../../../shared/scanning/records.ts";
import { memoryTable } from "../../support/memory-table.ts";
import { silentLog } from "../../support/registry.ts";
import { load, type MemoryBlobs, memoryBlobs } from "../advisories/support.ts";

export const midnight = Date.parse("2026-03-01T00:00:00Z");

/** A time of that day, in minutes after midnight. */
export const at = (minutes: number): string => new Date(midnight + minutes * 60_000).toISOString();

/** An image with these npm packages. `salt` makes it another one. */
export function npmImage(
  packages: Readonly<Record<string, string>>,
  options: { readonly platform?: ImagePlatform; readonly salt?: string } = {},
): BuiltImage {
  const files = Object.entries(packages).map(([name, version]) => ({
    path: `app/node_modules/${name}/package.json`,
    content: JSON.stringify({ name, version }),
  }));
  return buildImage({
    layers: [
      { files: [{ path: "app/salt", content: options.salt ?? "" }], createdBy: "COPY . /app" },
      { files, createdBy: "RUN npm ci" },
    ],
    ...(options.platform === undefined ? {} : { platform: options.platform }),
  });
}

/** The blobs of an advisory store with the demo's records, made once. */
const advisoryBlobs = load(demoAdvisories).then(({ ports }) => [...ports.blobs.content]);

export type WorldPlatform = Pick<
  Platform,
  "table" | "blobs" | "bus" | "credentials" | "clock" | "log" | "metrics" | "progress" | "settings"
>;

export interface World {
  readonly platform: WorldPlatform & {
    readonly table: ReturnType<typeof memoryTable>;
    readonly blobs: MemoryBlobs;
  };
  readonly published: DomainEvent[];
  readonly counted: Map<string, number>;
  /** Fills the advisory store. */
  fillAdvisories(): Promise<void>;
  pass(minutes: number): void;
  /** What the queue does with an event; `ports` replaces some of the platform's. */
  handle(
    event: DomainEvent,
    ports?: { readonly table?: Table; readonly blobs?: Blobs; readonly settings?: Platform["settings"] },
  ): Promise<void>;
  findings(): Finding[];
  /** `resource rule` of what is open, sorted; images by the first digits of their digest. */
  open(): string[];
  images(): ImageRecord[];
  image(digest: string): ImageRecord | undefined;
  /** The `ScanCompleted` events in the outbox. */
  completed(): EventOf<"ScanCompleted">["data"][];
  /** The report of the one scan that a cause led to. */
  readonly report: (cause: DomainEvent) => Promise<Report>;
  readonly transitions: (finding: Finding) => Promise<string[]>;
}

export async function makeWorld(
  options: { readonly advisories?: boolean; readonly settings?: SettingsInput } = {},
): Promise<World> {
  let now = midnight + 12 * 3_600_000;
  const clock = { now: () => now };
  const table = memoryTable(clock);
  const blobs = memoryBlobs();
  const published: DomainEvent[] = [];
  const counted = new Map<string, number>();
  const fillAdvisories = async () => {
    for (const [key, body] of await advisoryBlobs) blobs.content.set(key, body);
  };
  if (options.advisories !== false) await fillAdvisories();
  const platform = {
    table,
    blobs,
    clock,
    log: silentLog,
    bus: {
      publish: async (events: readonly DomainEvent[]) => {
        published.push(...events);
      },
    },
    credentials: () => Promise.resolve(undefined),
    metrics: { count: (name: string, value = 1) => void counted.set(name, (counted.get(name) ?? 0) + value) },
    progress: { report: () => undefined },
    settings: settingsSchema.parse({
      ...options.settings,
      registries: { allowPrivate: ["127.0.0.1"], ...options.settings?.registries },
    }),
  };
  const items = (prefix: string) => table.items().filter(({ pk }) => pk.startsWith(prefix));
  const findings = () => items("findings#").map(({ data }) => findingSchema.parse(data));
  const images = () =>
    items("image#")
      .filter(({ sk }) => sk.startsWith("record#"))
      .map(({ data }) => imageRecordSchema.parse(data));
  const completed = () =>
    items("outbox#")
      .map(({ data }) => data as { "detail-type": string; detail: EventOf<"ScanCompleted">["data"] })
      .filter((envelope) => envelope["detail-type"] === "ScanCompleted")
      .map(({ detail }) => detail);
  return {
    platform,
    published,
    counted,
    fillAdvisories,
    findings,
    images,
    completed,
    pass: (minutes) => {
      now += minutes * 60_000;
    },
    handle: (event, ports) => handle({ ...platform, ...ports }, event),
    open: () =>
      findings()
        .filter(({ state }) => state === "open")
        .map(({ resource, rule }) => `${shortName(resource.id)} ${rule}`)
        .sort(),
    image: (digest) => images().find((record) => record.digest === digest),
    report: async (cause) => {
      const [scan, ...others] = items(`scans-of#${cause.id}`);
      if (scan === undefined || others.length > 0) throw new Error(`${others.length + 1} scans of ${cause.id}`);
      return reportSchema.parse(await getReport(platform, scan.sk));
    },
    transitions: async ({ id }) => (await getTimeline(table, id)).map(({ transition }) => transition),
  };
}

function shortName(resource: string): string {
  return resource.replace(/^[^/]+\//, "").replace(/@sha256:([a-f0-9]{8})[a-f0-9]*$/, "@$1");
}

async function handle(platform: WorldPlatform, event: DomainEvent): Promise<void> {
  if (event.type === "ImagePushed") await imagePushed(platform, event);
  else if (event.type === "ImageDeleted") await imageDeleted(platform, event);
  else if (event.type === "ScanRequested") await scanRequested(platform, event);
  else throw new Error(`the scan queue does not get ${event.type}`);
}

/** Of one repository in one registry. */
export interface Events {
  readonly pushed: (
    image: BuiltImage | BuiltIndex | string,
    options?: { tags?: string[]; time?: string; id?: string; pusher?: string },
  ) => EventOf<"ImagePushed">;
  readonly deleted: (
    what: { digest?: string; tags?: string[] },
    options?: { time?: string; id?: string },
  ) => EventOf<"ImageDeleted">;
  readonly requested: (
    what: { digest?: string; tag?: string },
    options?: { time?: string; id?: string },
  ) => EventOf<"ScanRequested">;
}

let number = 0;

export function eventsOf(registry: string, repository: string): Events {
  const next = () => `event-${++number}`;
  return {
    pushed: (image, { tags = [], time = at(1), id = next(), pusher } = {}) => ({
      type: "ImagePushed",
      id,
      time,
      data: {
        registry,
        repository,
        digest: typeof image === "string" ? image : image.manifest.digest,
        tags,
        sender: "distribution",
        sourceEventId: id,
        ...(pusher === undefined ? {} : { pusher }),
      },
    }),
    deleted: ({ digest, tags = [] }, { time = at(2), id = next() } = {}) => ({
      type: "ImageDeleted",
      id,
      time,
      data: {
        registry,
        repository,
        tags,
        sender: "distribution",
        sourceEventId: id,
        ...(digest === undefined ? {} : { digest }),
      },
    }),
    requested: (what, { time = at(1), id = next() } = {}) => ({
      type: "ScanRequested",
      id,
      time,
      data: { registry, repository, reason: "api", requestedBy: "ana", ...what },
    }),
  };
}
