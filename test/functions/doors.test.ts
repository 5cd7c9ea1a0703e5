import { describe, expect, it } from "vitest";
import { door as refresh } from "../../functions/advisories/refresh-advisories.ts";
import { door as health } from "../../functions/api/health.ts";
import { door as publishOutbox } from "../../functions/events/publish-outbox.ts";
import { door as expire } from "../../functions/findings/expire-acceptances.ts";
import { doors, doorsModules } from "../../functions/registry.generated.ts";
import { door as scanImage } from "../../functions/scanning/scan-image.ts";
import { demoAdvisories } from "../../local/demo/advisories.ts";
import { toEnvelope } from "../../shared/events/envelope.ts";
import type { DomainEvent } from "../../shared/events/types.ts";
import { acceptFinding } from "../../shared/findings/accept.ts";
import { restrictTo, type ServicePort } from "../../shared/platform/declared.ts";
import type { Platform } from "../../shared/platform/ports.ts";
import { settingsSchema } from "../../shared/platform/settings.ts";
import { inDirectory, ndjson } from "../shared/advisories/support.ts";
import { eventsOf, makeWorld, npmImage, type World } from "../shared/scanning/world.ts";
import { startFaultyRegistry } from "../support/registry.ts";

/** The platform of a world, as a door sees it. */
function seenBy(door: (typeof doors)[number], world: World, more: Partial<Platform> = {}): Platform {
  return restrictTo(door, { ...world.platform, ...more } as Platform);
}

const once = { messageId: "1", attempt: 1 };

describe("every door", () => {
  it("has the name of its file, one of its own, and a sentence for people", () => {
    expect(doors.map(({ name }) => name)).toEqual(
      doorsModules.map((module) => module.replace(/^.*\/([a-z-]+)\.ts$/, "$1")),
    );
    expect(new Set(doors.map(({ name }) => name)).size).toBe(doors.length);
    for (const { name, description } of doors) expect(description, name).toMatch(/^[A-Z].{20,}$/);
  });

  it("gets the ports that it declares, and no other", async () => {
    const world = await makeWorld();
    const ports: ServicePort[] = ["table", "blobs", "bus", "queues", "secrets", "mailer", "credentials", "ecs"];
    for (const door of doors) {
      const seen = seenBy(door, world, { secrets: { get: async () => "s" } });
      for (const port of ports.filter((candidate) => door.uses[candidate] === undefined)) {
        const use = () =>
          port === "credentials" ? seen.credentials("registry.example") : Reflect.get(seen[port], "get");
        expect(use, `${door.name} ${port}`).toThrow(`door ${door.name} uses ${port} but does not declare it`);
      }
      if (door.uses.secrets === true) expect(await seen.secrets.get("a")).toBe("s");
    }
  });
});

describe("scan-image", () => {
  it("takes pushes, deletions and requests with the ports that it declares, and refuses the rest", async () => {
    const registry = await startFaultyRegistry();
    try {
      const world = await makeWorld();
      const image = npmImage({ minimist: "0.0.8" });
      await registry.push(image, "team/app", "1.0");
      const { pushed, requested, deleted } = eventsOf(registry.address, "team/app");
      const platform = seenBy(scanImage, world);
      if (scanImage.kind !== "queue") throw new Error("a queue door");
      for (const event of [pushed(image, { tags: ["1.0"] }), requested({ tag: "1.0" }), deleted({ tags: ["2.0"] })]) {
        await scanImage.handle(platform, toEnvelope(event), once);
      }
      expect(world.open()).toHaveLength(2);
      expect(world.completed()).toHaveLength(2);
      const unfit = [
        {},
        "text",
        { ...toEnvelope(pushed(image)), source: "aws.ecr" },
        { ...toEnvelope(pushed(image)), "detail-type": "ScanCompleted" },
        toEnvelope({ ...pushed(image), data: { ...pushed(image).data, digest: "sha256:12" } }),
        toEnvelope({ ...pushed(image), data: { ...pushed(image).data, registry: "../../etc" } }),
        toEnvelope({ ...pushed(image), time: "yesterday" }),
      ];
      for (const message of unfit) {
        expect(scanImage.message.safeParse(message).success, JSON.stringify(message)).toBe(false);
      }
    } finally {
      await registry.close();
    }
  });
});

describe("refresh-advisories", () => {
  it("fills the store with the ports that it declares", async () => {
    const world = await makeWorld({ advisories: false });
    if (refresh.kind !== "schedule") throw new Error("a schedule");
    await inDirectory({ "records.ndjson": ndjson(demoAdvisories) }, async (directory) => {
      const settings = settingsSchema.parse({ advisories: { upstream: directory } });
      await refresh.handle(seenBy(refresh, world, { settings }));
    });
    expect(world.platform.blobs.content.has("advisories/manifest.json")).toBe(true);
  });
});

describe("expire-acceptances", () => {
  it("opens again what is due, with the table alone, and nothing twice", async () => {
    const registry = await startFaultyRegistry();
    try {
      const world = await makeWorld();
      const image = npmImage({ ini: "1.3.5" });
      await registry.push(image, "team/app", "1.0");
      await world.handle(eventsOf(registry.address, "team/app").pushed(image));
      const [finding] = world.findings();
      if (finding === undefined || expire.kind !== "schedule") throw new Error("a finding and a schedule");
      const until = new Date(world.platform.clock.now() + 3_600_000).toISOString();
      await acceptFinding(world.platform, { id: finding.id, by: "ana", reason: "until the release", until });
      await expire.handle(seenBy(expire, world));
      expect(world.findings()[0]?.state).toBe("accepted");
      world.pass(61);
      for (let time = 0; time < 2; time++) await expire.handle(seenBy(expire, world));
      expect(world.findings()[0]?.state).toBe("open");
      expect(await world.transitions(finding)).toEqual(["opened", "accepted", "acceptance-expired"]);
    } finally {
      await registry.close();
    }
  });
});

describe("publish-outbox", () => {
  it("publishes records as the events they are, and refuses for good what is none", async () => {
    const world = await makeWorld();
    if (publishOutbox.kind !== "outbox") throw new Error("an outbox door");
    const events: DomainEvent[] = [eventsOf("registry.example", "app").requested({ tag: "1.0" })];
    const platform = seenBy(publishOutbox, world);
    await publishOutbox.handle(platform, events.map(toEnvelope));
    expect(world.published).toEqual(events);
    for (const record of [{}, null, "text", { ...events.map(toEnvelope)[0], detail: {} }]) {
      await expect(publishOutbox.handle(platform, [record])).rejects.toMatchObject({
        name: "PermanentError",
        code: "event-unfit",
      });
    }
    expect(world.published).toHaveLength(1);
  });
});

describe("health", () => {
  it("is 503, without a word about why, while the table does not answer", async () => {
    const world = await makeWorld();
    if (health.kind !== "http") throw new Error("an http door");
    const caller = { principal: "anonymous", sourceAddress: "127.0.0.1" };
    const request = new Request("http://127.0.0.1/healthz");
    expect((await health.handle(seenBy(health, world), request, caller)).status).toBe(200);
    const table = { ...world.platform.table, get: () => Promise.reject(new Error("disk on fire")) };
    const response = await health.handle(seenBy(health, world, { table }), request, caller);
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain("disk");
  });
});
