import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { envelopeOf, toEnvelope } from "../../../shared/events/envelope.ts";
import { senders } from "../../../shared/intake/registry.generated.ts";
import type { Normalised, Sender } from "../../../shared/intake/sender.ts";
import { sharedData } from "../../support/shared-data.ts";
import { digestA, digestB, now, samples } from "./support.ts";

function senderOf(name: string): Sender {
  const found = senders.find((sender) => sender.name === name);
  if (found === undefined) throw new Error(`no sender ${name}`);
  return found;
}

function normalise(name: keyof typeof samples, body: unknown): Normalised {
  return senderOf(name).normalise(body, now);
}

/** Type, data and time of the events, without their hashed ids. */
function eventsOf(name: keyof typeof samples, body: unknown) {
  const normalised = normalise(name, body);
  if (normalised.kind !== "events") throw new Error(`not events: ${normalised.kind}`);
  return normalised.events.map(({ type, time, data }) => ({ type, time, ...data }));
}

const copy = (value: unknown) => structuredClone(value) as never;
/** The sample with one place replaced. */
function changed(name: keyof typeof samples, path: readonly (string | number)[], value: unknown): unknown {
  const document: unknown = copy(samples[name]);
  const last = path.at(-1) ?? "";
  let place = document as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) place = place[step] as Record<string | number, unknown>;
  place[last] = value;
  return document;
}

describe("the list of senders", () => {
  it("has every folder, under its own name", () => {
    const folders = readdirSync(new URL("../../../shared/intake/senders/", import.meta.url));
    expect(senders.map(({ name }) => name as string).toSorted()).toEqual(folders.toSorted());
  });
});

describe("distribution", () => {
  const push = (changes: object, target: object = {}) => ({
    events: [
      {
        ...samples.distribution.events[0],
        ...changes,
        target: { ...samples.distribution.events[0].target, ...target },
      },
    ],
  });

  it("reads the push of a manifest or index", () => {
    expect(eventsOf("distribution", samples.distribution)).toEqual([
      {
        type: "ImagePushed",
        time: "2026-11-22T11:59:58.123Z",
        registry: "registry.example.com:5000",
        repository: "team/app",
        digest: digestA,
        tags: ["1.2"],
        mediaType: "application/vnd.oci.image.index.v1+json",
        pusher: "ci",
        sender: "distribution",
        sourceEventId: "9f1c8f4e-0001",
      },
    ]);
  });

  it("falls back to the address of the target where the request names no host", () => {
    expect(eventsOf("distribution", push({ request: {} }))).toMatchObject([{ registry: "registry.internal:5000" }]);
  });

  it("reads the deletion of a manifest and of a tag, but not of a repository", () => {
    const target = { mediaType: "", url: "", tag: "", digest: digestA };
    expect(eventsOf("distribution", push({ action: "delete" }, target))).toMatchObject([
      { type: "ImageDeleted", digest: digestA, tags: [] },
    ]);
    const [tagOnly] = eventsOf("distribution", push({ action: "delete" }, { ...target, digest: "", tag: "1.2" }));
    expect(tagOnly).toMatchObject({ type: "ImageDeleted", tags: ["1.2"] });
    expect(tagOnly).not.toHaveProperty("digest");
    const nothing = push({ action: "delete" }, { ...target, digest: "" });
    expect(normalise("distribution", nothing)).toEqual({ kind: "events", events: [], ignored: 1, unfit: 0 });
  });

  it.each([
    ["pulls", { action: "pull" }, {}],
    ["mounts", { action: "mount" }, {}],
    ["blobs", {}, { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" }],
    ["configurations", {}, { mediaType: "application/octet-stream" }],
  ])("ignores %s", (_what, changes, target) => {
    expect(normalise("distribution", push(changes, target))).toEqual({
      kind: "events",
      events: [],
      ignored: 1,
      unfit: 0,
    });
  });

  it("keeps the good entries of an envelope and counts the ones that do not fit", () => {
    const good = samples.distribution.events[0];
    const events = [good, { ...good, target: { ...good.target, digest: "sha256:short" } }, "not an entry"];
    expect(normalise("distribution", { events })).toMatchObject({ events: [{ type: "ImagePushed" }], unfit: 2 });
    expect(normalise("distribution", { events: events.slice(1) })).toEqual({ kind: "malformed" });
  });
});

describe("harbor", () => {
  it("reads both payload formats alike", () => {
    const cloudEvent = {
      specversion: "1.0",
      id: "4b2f89a6",
      source: "/projects/1/webhook/policies/3",
      type: "harbor.artifact.pushed",
      time: new Date(samples.harbor.occur_at * 1000).toISOString(),
      operator: "admin",
      data: samples.harbor.event_data,
    };
    const [classic] = eventsOf("harbor", samples.harbor);
    const [cloud] = eventsOf("harbor", cloudEvent);
    expect(classic).toMatchObject({
      type: "ImagePushed",
      time: "2026-11-22T11:59:58.000Z",
      registry: "harbor.example.com",
      repository: "library/app",
      digest: digestA,
      tags: ["1.2"],
      pusher: "admin",
    });
    expect(cloud).toEqual({ ...classic, sourceEventId: "4b2f89a6" });
  });

  it("takes the digest in the place of a tag for no tag", () => {
    const resource = { digest: digestA, tag: digestA, resource_url: `harbor.example.com/library/app@${digestA}` };
    expect(eventsOf("harbor", changed("harbor", ["event_data", "resources"], [resource]))).toMatchObject([
      { registry: "harbor.example.com", digest: digestA, tags: [] },
    ]);
  });

  it("reads deletions and ignores the rest", () => {
    expect(eventsOf("harbor", { ...samples.harbor, type: "DELETE_ARTIFACT" })).toMatchObject([
      { type: "ImageDeleted", digest: digestA, tags: ["1.2"] },
    ]);
    expect(normalise("harbor", { type: "PULL_ARTIFACT" })).toMatchObject({ events: [], ignored: 1 });
  });
});

describe("github", () => {
  it.each(["registry_package", "package"])("reads the event %s", (name) => {
    const { registry_package: found, ...rest } = samples.github;
    expect(eventsOf("github", { ...rest, [name]: found })).toMatchObject([
      {
        type: "ImagePushed",
        time: "2026-11-22T11:59:58.123Z",
        registry: "ghcr.io",
        repository: "octo/app",
        digest: digestA,
        tags: ["1.2"],
        pusher: "octocat",
      },
    ]);
  });

  it("takes the digest from the metadata when the version is none, and only the tag when nothing is", () => {
    const version = ["registry_package", "package_version"];
    expect(eventsOf("github", changed("github", [...version, "version"], "1.2"))).toMatchObject([{ digest: digestA }]);
    const { id, package_url: address } = samples.github.registry_package.package_version;
    expect(eventsOf("github", changed("github", version, { id, package_url: address }))).toMatchObject([
      { type: "ScanRequested", registry: "ghcr.io", repository: "octo/app", tag: "1.2", reason: "push-by-tag" },
    ]);
  });

  it.each([
    ["a ping", { zen: "Keep it logically awesome.", hook_id: 1 }],
    ["another kind of package", changed("github", ["registry_package"], { package_type: "npm", ecosystem: "npm" })],
    ["another action", changed("github", ["action"], "deleted")],
  ])("ignores %s", (_what, body) => {
    expect(normalise("github", body)).toMatchObject({ events: [], ignored: 1 });
  });
});

describe("docker-hub and quay, which tell only tags", () => {
  it("ask for a scan of each tag", () => {
    expect(eventsOf("docker-hub", samples["docker-hub"])).toEqual([
      {
        type: "ScanRequested",
        time: "2026-11-22T11:59:58.000Z",
        registry: "docker.io",
        repository: "svend/app",
        tag: "1.2",
        reason: "push-by-tag",
        requestedBy: "docker-hub:svend",
      },
    ]);
    expect(eventsOf("quay", samples.quay)).toMatchObject([
      { registry: "quay.io", repository: "ns/app", tag: "1.2", requestedBy: "quay" },
      { registry: "quay.io", repository: "ns/app", tag: "latest" },
    ]);
  });

  it("read official images and old Quay versions", () => {
    expect(eventsOf("docker-hub", changed("docker-hub", ["repository", "repo_name"], "nginx"))).toMatchObject([
      { repository: "library/nginx" },
    ]);
    expect(eventsOf("quay", { ...samples.quay, updated_tags: { latest: "b750fe79" } })).toMatchObject([
      { tag: "latest" },
    ]);
    expect(normalise("quay", { ...samples.quay, updated_tags: undefined })).toMatchObject({ events: [], ignored: 1 });
  });
});

describe("azure", () => {
  it("reads both schemas alike", () => {
    const [{ eventType: type, eventTime: time, topic: source, ...rest }] = samples.azure;
    const grid = eventsOf("azure", samples.azure);
    expect(grid).toMatchObject([
      {
        type: "ImagePushed",
        time: "2026-11-22T11:59:58.123Z",
        registry: "harbour1.azurecr.io",
        repository: "team/app",
        digest: digestA,
        tags: ["1.2"],
        sourceEventId: "c25fdb80",
      },
    ]);
    expect(eventsOf("azure", { specversion: "1.0", type, time, source, ...rest })).toEqual(grid);
  });

  it("names the registry by its resource where no request caused the event", () => {
    expect(eventsOf("azure", changed("azure", [0, "data", "request"], {}))).toMatchObject([
      { registry: "harbour1.azurecr.io" },
    ]);
  });

  it("ignores charts", () => {
    const chart = changed("azure", [0, "eventType"], "Microsoft.ContainerRegistry.ChartPushed");
    expect(normalise("azure", chart)).toMatchObject({ events: [], ignored: 1 });
  });
});

describe("google", () => {
  const message = (content: unknown) => ({
    message: { messageId: "1", data: Buffer.from(JSON.stringify(content)).toString("base64") },
  });
  const name = "europe-docker.pkg.dev/project/repo/app";

  it("reads pushes and deletions, of digests and of tags", () => {
    expect(eventsOf("google", samples.google)).toMatchObject([
      {
        type: "ImagePushed",
        registry: "europe-docker.pkg.dev",
        repository: "project/repo/app",
        digest: digestA,
        tags: ["1.2"],
      },
    ]);
    expect(eventsOf("google", message({ action: "DELETE", digest: `${name}@${digestB}` }))).toMatchObject([
      { type: "ImageDeleted", digest: digestB, tags: [] },
    ]);
    const [tagOnly] = eventsOf("google", message({ action: "DELETE", tag: `${name}:1.2` }));
    expect(tagOnly).toMatchObject({ type: "ImageDeleted", repository: "project/repo/app", tags: ["1.2"] });
    expect(tagOnly).not.toHaveProperty("digest");
  });

  it("ignores messages of other topics and refuses what is no message", () => {
    expect(normalise("google", message({ protoPayload: {} }))).toMatchObject({ events: [], ignored: 1 });
    expect(normalise("google", { message: { messageId: "1", data: "e30" } })).toEqual({ kind: "malformed" });
    expect(normalise("google", { message: { messageId: "1", data: "eyI=" } })).toEqual({ kind: "malformed" });
  });
});

describe.skipIf(sharedData === undefined)("recorded deliveries (needs the shared data beside the checkout)", () => {
  const read = (path: string): unknown => JSON.parse(readFileSync(`${sharedData}cloud-samples/${path}`, "utf8"));
  const digest = "sha256:57a94fc99816c6aa225678b738ac40d85422e75dbb96115f1bb9b6ed77176166";

  it.each(["image_pushed.eventgrid-schema.json", "image_pushed.cloudevents.json"])("azure/eventgrid/%s", (file) => {
    expect(eventsOf("azure", read(`azure/eventgrid/${file}`))).toEqual([
      {
        type: "ImagePushed",
        time: "2021-09-08T06:37:45.468Z",
        registry: "jolovcr.azurecr.io",
        repository: "samples/nginx",
        digest,
        tags: ["latest"],
        mediaType: "application/vnd.docker.distribution.manifest.v2+json",
        sender: "azure",
        sourceEventId: "c25fdb80-ebbd-4dd0-a29c-a7349e6388f6",
      },
    ]);
  });

  it("azure/eventgrid deletion, validation and other event types", () => {
    expect(eventsOf("azure", read("azure/eventgrid/image_deleted.eventgrid-schema.json"))).toMatchObject([
      { type: "ImageDeleted", registry: "jolovcr.azurecr.io", repository: "samples/nginx", digest, tags: [] },
    ]);
    expect(normalise("azure", read("azure/eventgrid/subscription_validation.json"))).toEqual({
      kind: "answer",
      body: { validationResponse: "512d38b6-c7b8-40c8-89fe-f46f9e9622b6" },
    });
    for (const file of ["aks_cluster_support_ending.json", "resource_write_success.docs-template.json"]) {
      expect(normalise("azure", read(`azure/eventgrid/${file}`))).toMatchObject({ events: [], ignored: 1 });
    }
  });

  it("gcp/pubsub-push", () => {
    const folder = "gcp/pubsub-push/artifactregistry.gcr-topic";
    expect(eventsOf("google", read(`${folder}.INSERT.json`))).toMatchObject([
      {
        type: "ImagePushed",
        time: "2024-01-01T00:00:00.000Z",
        registry: "us-central1-docker.pkg.dev",
        repository: "my-project/my-repo/hello-world",
        digest: "sha256:6ec128e26cd5afaa1d6a8f8e7a1b2f5ffd5a1a6b1e6ea9d5b9f4b3d2c1a09f8e",
        tags: ["1.1"],
      },
    ]);
    expect(eventsOf("google", read(`${folder}.DELETE.json`))).toMatchObject([{ type: "ImageDeleted", tags: ["1.1"] }]);
    expect(normalise("google", read("gcp/pubsub-push/CreateCluster.push-envelope.json"))).toMatchObject({
      events: [],
      ignored: 1,
    });
  });
});

describe("every sender", () => {
  const contract = envelopeOf("ImagePushed", "ImageDeleted", "ScanRequested");
  function holds(sender: Sender, body: unknown): void {
    const normalised = sender.normalise(body, now);
    const sentAt = sender.sentAt?.(body);
    if (sentAt !== undefined) expect(Number.isNaN(sentAt)).toBe(false);
    if (normalised.kind !== "events") return;
    for (const event of normalised.events) {
      expect(contract.parse(toEnvelope(event))).toEqual(event);
      expect(Date.parse(event.time)).toBeLessThanOrEqual(now + 300_000);
    }
  }

  it.each(senders.map((sender) => [sender.name, sender] as const))(
    "%s: any JSON is read without throwing",
    (_name, sender) => {
      fc.assert(
        fc.property(fc.jsonValue({ maxDepth: 6 }), (body) => holds(sender, body)),
        { numRuns: 300 },
      );
    },
  );

  const strange = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(
      "",
      "sha256:",
      digestB,
      "__proto__",
      "constructor",
      "a/b",
      "A B",
      "../..",
      "\u0000",
      "x".repeat(5000),
    ),
    fc.constantFrom(-1, 0, 1e308, -0.5, Number.MAX_SAFE_INTEGER, [], {}, null, true),
  );
  it.each(senders.map((sender) => [sender.name, sender] as const))(
    "%s: a mutated delivery gives only events that fit",
    (name, sender) => {
      const places = pathsOf(samples[name]);
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.constantFrom(...places), strange), { minLength: 1, maxLength: 3 }),
          (changes) => {
            let document: unknown = structuredClone(samples[name]);
            for (const [path, value] of changes) document = replaced(document, path, value);
            holds(sender, document);
          },
        ),
        { numRuns: 500 },
      );
    },
  );

  it.each(senders.map((sender) => [sender.name, sender] as const))(
    "%s: the same delivery has the same event ids",
    (name, sender) => {
      const first = sender.normalise(samples[name], now);
      const second = sender.normalise(copy(samples[name]), now + 1000);
      if (first.kind !== "events" || second.kind !== "events") throw new Error("not events");
      expect(first.events.length).toBeGreaterThan(0);
      expect(second.events.map(({ id }) => id)).toEqual(first.events.map(({ id }) => id));
    },
  );

  it("has ids that differ between facts", () => {
    const ids = senders.flatMap((sender) => {
      const normalised = sender.normalise(samples[sender.name], now);
      return normalised.kind === "events" ? normalised.events.map(({ id }) => id) : [];
    });
    expect(new Set(ids).size).toBe(8);
  });

  it.each(["2026-11-22T12:06:00Z", "0001-01-01T00:00:00Z", "soon", ""])("takes %j for no time", (timestamp) => {
    const document = changed("distribution", ["events", 0, "timestamp"], timestamp);
    expect(eventsOf("distribution", document)).toMatchObject([{ time: new Date(now).toISOString() }]);
  });

  it("cuts a long name rather than losing the push", () => {
    const document = changed("distribution", ["events", 0, "actor", "name"], "x".repeat(600));
    expect(eventsOf("distribution", document)).toMatchObject([{ pusher: "x".repeat(512) }]);
  });
});

type Path = readonly (string | number)[];

function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, child]) => pathsOf(child, [...at, key]))];
}

function replaced(document: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (typeof document !== "object" || document === null) return document;
  if (Array.isArray(document) && !/^[0-9]$/.test(String(step))) return document;
  const place = document as Record<string | number, unknown>;
  place[step] = replaced(place[step], rest, value);
  return document;
}
