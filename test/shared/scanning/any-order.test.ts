/** Any log of registry events, delivered in any order and any number of times, leaves the same state. */
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { indexOf } from "../../../local/demo/build-image.ts";
import type { DomainEvent } from "../../../shared/events/types.ts";
import { type FaultyRegistry, startFaultyRegistry } from "../../support/registry.ts";
import { at, type Events, eventsOf, makeWorld, npmImage, type World } from "./world.ts";

const name = "team/app";
const one = npmImage({ minimist: "0.0.8" }, { salt: "one" });
const two = npmImage({ ini: "1.3.5" }, { salt: "two" });
const child = npmImage({ y18n: "4.0.0" }, { salt: "child", platform: { os: "linux", architecture: "arm64" } });
const index = indexOf([child, npmImage({ minimist: "1.2.5" }, { salt: "other child" })]);
/** Never in the registry, or not any more. */
const gone = npmImage({ minimist: "0.0.8" }, { salt: "gone" });

let registry: FaultyRegistry;
let events: Events;
beforeAll(async () => {
  registry = await startFaultyRegistry();
  await registry.push(one, name, "v1");
  await registry.push(two, name, "v2");
  await registry.push(index, name, "many");
  events = eventsOf(registry.address, name);
});
afterAll(() => registry.close());

const digest = fc.constantFrom(...[one, two, index, child, gone].map(({ manifest }) => manifest.digest));
const tags = fc.subarray(["v1", "v2", "many"]);
/** `lost` leads nowhere. */
const tag = fc.constantFrom("v1", "v2", "lost");
/** Few times, so that many events happen in the same instant. */
const time = fc.integer({ min: 0, max: 4 }).map(at);

/**
 * A deletion that names no digest is an untagging: registries that remove the image with its tag say which. So the image
 * that is gone has no tag.
 */
const fact = (): fc.Arbitrary<DomainEvent> =>
  fc.oneof(
    fc
      .tuple(digest, tags, time)
      .map(([image, named, when]) =>
        events.pushed(image, { tags: image === gone.manifest.digest ? [] : named, time: when }),
      ),
    fc
      .tuple(fc.option(digest, { nil: undefined }), tags, time)
      .map(([image, named, when]) =>
        events.deleted({ tags: named, ...(image === undefined ? {} : { digest: image }) }, { time: when }),
      ),
    fc.tuple(digest, time).map(([image, when]) => events.requested({ digest: image }, { time: when })),
    fc.tuple(tag, time).map(([named, when]) => events.requested({ tag: named }, { time: when })),
  );

/** Every event at least once: as picked, and then those that were not picked. */
function deliveryOf(log: readonly DomainEvent[], picks: readonly number[]): DomainEvent[] {
  const picked = picks.flatMap((pick) => log[pick % Math.max(1, log.length)] ?? []);
  return [...picked, ...log.filter((event) => !picked.includes(event))];
}

function state(world: World) {
  const items = world.platform.table.items();
  return {
    open: world.open(),
    images: world
      .images()
      // Which of the scans was the first depends on who came first, by its name.
      .map(({ scan, firstScanId, ...record }) => ({
        ...record,
        scanned: firstScanId !== undefined,
        scan: { status: scan?.status, packages: scan?.packages, open: scan?.open, problems: scan?.problems },
      }))
      .sort((a, b) => (a.digest < b.digest ? -1 : 1)),
    tags: items
      .filter(({ pk }) => pk.startsWith("tags#"))
      .map(({ sk, data }) => `${sk} ${(data as { digest?: string }).digest}`)
      .sort(),
    presence: items
      .filter(({ sk }) => sk.startsWith("presence#"))
      .map(({ pk, data, time: when }) => `${pk} ${JSON.stringify(data)} ${when}`)
      .sort(),
    listed: items
      .filter(({ pk }) => pk.startsWith("list#open#"))
      .map(({ sk }) => sk)
      .sort(),
  };
}

it("ends in the same state", async () => {
  const run = fc.asyncProperty(
    fc.array(fact(), { minLength: 1, maxLength: 7 }),
    fc.array(fc.nat(6), { maxLength: 14 }),
    async (facts, picks) => {
      const log = facts.map((event, position) => ({ ...event, id: `fact-${position}` }));
      const [calm, shuffled] = [await makeWorld(), await makeWorld()];
      for (const event of log) await calm.handle(event);
      for (const event of deliveryOf(log, picks)) await shuffled.handle(event);
      expect(state(shuffled)).toEqual(state(calm));
      expect(shuffled.completed()).toHaveLength(calm.completed().length);
    },
  );
  await fc.assert(run, { numRuns: 50 });
});
