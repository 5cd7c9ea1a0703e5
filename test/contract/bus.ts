/** What every `Bus` does: an event reaches every target whose rule matches, as an EventBridge envelope, and no other. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { patternOf, toEnvelope } from "../../shared/events/envelope.ts";
import type { DomainEvent } from "../../shared/events/types.ts";

import type { EventPattern } from "../../shared/platform/door.ts";
import type { Bus } from "../../shared/platform/ports.ts";
import { eventually, expectPermanent, sleep } from "./expect.ts";

export interface BusRule {
  readonly target: string;
  readonly pattern: EventPattern;
}

export interface BusHarness {
  readonly bus: Bus;
  /** What has reached this target since it was last asked for, as parsed JSON. */
  received(target: string): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

/** Declares the suite. `open` makes a bus with these rules, each with an empty target of its own. */
export function busContract(name: string, open: (rules: readonly BusRule[]) => Promise<BusHarness>) {
  describe(`bus contract: ${name}`, () => {
    let harness: BusHarness;
    beforeAll(async () => {
      harness = await open([
        { target: "pushes", pattern: patternOf("ImagePushed") },
        { target: "images", pattern: patternOf("ImagePushed", "ImageDeleted") },
        { target: "tagged", pattern: { ...patternOf("ImagePushed"), detail: { tags: [{ prefix: "v" }] } } },
        { target: "untouched", pattern: patternOf("ClusterAssessed") },
      ]);
    });
    afterAll(async () => {
      await harness?.close();
    });

    /** Waits for so many, and a little longer for what should not come. */
    async function arrivals(target: string, count: number): Promise<readonly unknown[]> {
      const seen: unknown[] = [];
      await eventually(
        async () => seen.push(...(await harness.received(target))),
        (length) => length >= count,
      );
      await sleep(20);
      seen.push(...(await harness.received(target)));
      return seen;
    }

    test("a matching rule's target receives the envelope, the others receive nothing", async () => {
      const event = imagePushed("one", ["latest"]);
      await harness.bus.publish([event]);
      const { source, "detail-type": detailType, detail } = toEnvelope(event);
      for (const target of ["pushes", "images"]) {
        const [envelope, ...more] = await arrivals(target, 1);
        expect(envelope).toMatchObject({
          source,
          "detail-type": detailType,
          time: expect.stringMatching(/^2026-01-01T/),
        });
        expect((envelope as { detail: unknown }).detail).toStrictEqual(detail);
        expect(more).toEqual([]);
      }
      expect(await arrivals("tagged", 0)).toEqual([]);
      expect(await arrivals("untouched", 0)).toEqual([]);
    });

    test("content inside arrays is matched", async () => {
      await harness.bus.publish([imagePushed("plain", ["latest"]), imagePushed("tagged", ["latest", "v1.2"])]);
      const ids = (await arrivals("tagged", 1)).map((envelope) => (envelope as { detail: { id: string } }).detail.id);
      expect(ids).toEqual(["tagged"]);
      await arrivals("pushes", 2);
      await arrivals("images", 2);
    });

    test("more events than one request takes arrive, each once", async () => {
      const ids = Array.from({ length: 25 }, (_, n) => `many-${n + 10}`);
      await harness.bus.publish(ids.map((id) => imageDeleted(id)));
      const seen = (await arrivals("images", 25)).map((envelope) => (envelope as { detail: { id: string } }).detail.id);
      expect(seen.toSorted()).toEqual(ids);
      expect(await arrivals("pushes", 0)).toEqual([]);
    });

    test("publishing nothing is publishing", async () => {
      await harness.bus.publish([]);
    });

    test("an event over the limit is refused, and none of its companions is published", async () => {
      const huge: DomainEvent = { ...imageDeleted("huge"), id: "x".repeat(300_000) };
      await expectPermanent(harness.bus.publish([imageDeleted("companion"), huge]), "event-too-large");
      expect(await arrivals("images", 0)).toEqual([]);
    });
  });
}

const common = {
  time: "2026-01-01T02:03:04.567Z",
  image: { registry: "registry.example.com", repository: "team/app", sender: "harbor", sourceEventId: "s-1" },
  digest: `sha256:${"a".repeat(64)}`,
};

function imagePushed(id: string, tags: string[]): DomainEvent {
  return { type: "ImagePushed", id, time: common.time, data: { ...common.image, digest: common.digest, tags } };
}

function imageDeleted(id: string): DomainEvent {
  return { type: "ImageDeleted", id, time: common.time, data: { ...common.image, tags: [] } };
}
