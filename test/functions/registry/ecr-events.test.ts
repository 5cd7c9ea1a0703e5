import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { door } from "../../../functions/registry/ecr-events.ts";
import { envelopeOf } from "../../../shared/events/envelope.ts";
import type { DomainEvent } from "../../../shared/events/types.ts";
import { ecrHost } from "../../../shared/intake/ecr.ts";
import type { Platform } from "../../../shared/platform/ports.ts";
import { sharedData } from "../../support/shared-data.ts";

const digest = `sha256:${"c3".repeat(32)}`;
const message = (detail: object = {}, envelope: object = {}) => ({
  version: "0",
  id: "13cde686-328b-6117-af20-0e5566167482",
  "detail-type": "ECR Image Action",
  source: "aws.ecr",
  account: "123456789012",
  time: "2026-11-22T01:54:34Z",
  region: "eu-central-1",
  resources: [],
  detail: {
    result: "SUCCESS",
    "repository-name": "team/app",
    "image-digest": digest,
    "action-type": "PUSH",
    "image-tag": "latest",
    ...detail,
  },
  ...envelope,
});

async function handle(body: unknown) {
  const published: DomainEvent[] = [];
  const sent: { queue: string; bodies: readonly unknown[]; delaySeconds: number | undefined }[] = [];
  const platform = {
    clock: { now: () => Date.UTC(2026, 10, 22, 12) },
    bus: { publish: async (events: readonly DomainEvent[]) => void published.push(...events) },
    queues: {
      send: async (queue: string, bodies: readonly unknown[], delaySeconds?: number) =>
        void sent.push({ queue, bodies, delaySeconds }),
    },
  } as unknown as Platform;
  if (door.kind !== "queue") throw new Error("not a queue door");
  await door.handle(platform, body, { messageId: "1", attempt: 1 });
  return { published, sent };
}

describe("an ECR image action", () => {
  it("is published as a push when it has a tag", async () => {
    const { published, sent } = await handle(message());
    expect(sent).toEqual([]);
    expect(published).toEqual([
      {
        type: "ImagePushed",
        id: expect.stringMatching(/^[0-9a-f]{64}$/),
        time: "2026-11-22T01:54:34.000Z",
        data: {
          registry: "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
          repository: "team/app",
          digest,
          tags: ["latest"],
          sender: "ecr",
          sourceEventId: "13cde686-328b-6117-af20-0e5566167482",
        },
      },
    ]);
    expect((await handle(message())).published).toEqual(published);
  });

  it.each([{ "image-tag": "" }, { "image-tag": undefined }])(
    "waits in the scan queue without a tag: %o",
    async (detail) => {
      const { published, sent } = await handle(message(detail));
      expect(published).toEqual([]);
      expect(sent).toMatchObject([{ queue: "scan-image", delaySeconds: 10 }]);
      expect(envelopeOf("ImagePushed").parse(sent[0]?.bodies[0])).toMatchObject({ data: { digest, tags: [] } });
    },
  );

  it("is published at once as a deletion, with or without a tag", async () => {
    const { published, sent } = await handle(message({ "action-type": "DELETE", "image-tag": "" }));
    expect(sent).toEqual([]);
    expect(published).toMatchObject([{ type: "ImageDeleted", data: { digest, tags: [] } }]);
  });

  it.each([
    ["a digest that is none", { "image-digest": "sha256:7f5b2640" }, {}],
    ["no digest", { "image-digest": undefined }, {}],
    ["a failed push", { result: "FAILURE" }, {}],
    ["another action", { "action-type": "REPLICATE" }, {}],
    ["a repository that is none", { "repository-name": "../etc" }, {}],
    ["an account that is none", {}, { account: "evil.example.com/" }],
    ["a region that is none", {}, { region: "eu-central-1.evil" }],
    ["another source", {}, { source: "portwarden" }],
  ])("with %s is refused as bad input", (_what, detail, envelope) => {
    if (door.kind !== "queue") throw new Error("not a queue door");
    expect(door.message.safeParse(message(detail, envelope)).success).toBe(false);
  });

  it.skipIf(sharedData === undefined)(
    "as documented, with a digest cut short, is bad input too (needs the shared data)",
    () => {
      const sample = JSON.parse(
        readFileSync(`${sharedData}cloud-samples/aws/lambda-go/ecr-image-push-event.json`, "utf8"),
      );
      if (door.kind !== "queue") throw new Error("not a queue door");
      const parsed = door.message.safeParse(sample);
      expect(parsed.error?.issues.map(({ path }) => path.join("."))).toEqual(["detail.image-digest"]);
      expect(door.message.safeParse({ ...sample, detail: { ...sample.detail, "image-digest": digest } }).success).toBe(
        true,
      );
    },
  );

  it("names the registry of each partition", () => {
    expect(ecrHost("1", "cn-north-1")).toBe("1.dkr.ecr.cn-north-1.amazonaws.com.cn");
    expect(ecrHost("1", "us-gov-west-1")).toBe("1.dkr.ecr.us-gov-west-1.amazonaws.com");
    expect(ecrHost("1", "us-isob-east-1")).toBe("1.dkr.ecr.us-isob-east-1.sc2s.sgov.gov");
  });
});
