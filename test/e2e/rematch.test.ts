/**
 * A feed delta on a running platform: a thousand stored images, advisories from an export on loopback, and the message
 * that one Slack channel gets. The platform is a process of its own, and the update is the command line's.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../cli/client.ts";
import { slackReceiver } from "../../local/demo/receivers.ts";
import { advisoriesOf } from "../../shared/advisories/set/store.ts";
import * as schemas from "../../shared/api/schemas.ts";
import { runningKey } from "../../shared/images/keys.ts";
import { embeddedBlobs } from "../../shared/platform/embedded/blobs.ts";
import { openEmbeddedStore } from "../../shared/platform/embedded/store.ts";
import { record } from "../shared/rematch/world.ts";
import { silentLog } from "../support/registry.ts";
import { eventually, type RunningPlatform, runCli, startPlatform } from "../support/running-platform.ts";
import { debian12, digestOf, inventoryOf, type StoredLayer, storeImage } from "../support/stored-images.ts";

const folder = mkdtempSync(join(tmpdir(), "portwarden-rematch-"));
const data = join(folder, "data");
const feed = join(folder, "feed");
const images = 1000;
/** Every 71st image has the library, and every 355th of all runs. */
const holds = (number: number) => number % 71 === 0;
const runs = (number: number) => number % 355 === 0;

const base: StoredLayer = {
  name: "base",
  packages: Array.from({ length: 90 }, (_, index) => ({ type: "deb", name: `library-${index}`, version: "1.0-1" })),
};
const before = [record("CVE-2026-0001", "library-1", "Debian:12", "0.9-1"), record("CVE-2026-0002", "else", "npm")];
const delta = [...before, record("CVE-2026-1234", "parser", "npm", "2.0.1", "CRITICAL")];

function publish(records: readonly object[]): void {
  mkdirSync(feed, { recursive: true });
  writeFileSync(join(feed, "records.ndjson"), records.map((one) => `${JSON.stringify(one)}\n`).join(""));
}

async function update(): Promise<void> {
  const updated = await runCli("advisories", "update", "--from", feed, "--data", data);
  expect(updated.code, updated.stderr).toBe(0);
}

async function storeImages(): Promise<void> {
  const clock = { now: () => Date.now() };
  const store = openEmbeddedStore(data, { clock, log: silentLog });
  const blobs = embeddedBlobs(data);
  const { set } = (await advisoriesOf(blobs)).age();
  for (let number = 0; number < images; number++) {
    const own = Array.from({ length: 200 }, (_, index) => ({
      type: "npm" as const,
      name: `module-${(number * 7 + index * 13) % 3000}`,
      version: `1.${number % 10}.0`,
    }));
    const parser = { type: "npm" as const, name: "parser", version: "2.0.0" };
    const app: StoredLayer = { name: `app-${number}`, packages: holds(number) ? [...own, parser] : own };
    const inventory = inventoryOf(digestOf(`image-${number}`), [base, app], debian12);
    const image = await storeImage({ table: store.table, blobs, clock }, `team/app-${number}`, inventory, set);
    if (!runs(number)) continue;
    await store.table.put({ ...runningKey(image.digest, "cluster"), data: { services: [`service-${number}`] } });
  }
  store.close();
}

describe("a change of the advisories on a platform with a thousand images", () => {
  let platform: RunningPlatform;
  let slack: Awaited<ReturnType<typeof slackReceiver>>;

  beforeAll(async () => {
    publish(before);
    await update();
    await storeImages();
    slack = await slackReceiver();
    platform = await startPlatform({ data, environment: { PORTWARDEN_SLACK_WEBHOOK_URL: slack.url } });
    await eventually("the set in use to be noted", 20, async () =>
      (await embeddedBlobs(data).has("advisories/announced.json")) ? true : undefined,
    );
  }, 120_000);

  afterAll(async () => {
    const code = await platform?.end("SIGTERM");
    await slack?.close();
    rmSync(folder, { recursive: true, force: true });
    expect(code).toBe(0);
  });

  it("becomes findings and one Slack message within 10 seconds of the feed", async () => {
    publish(delta);
    const started = performance.now();
    await update();
    const posted = await slack.wait(1);
    const seconds = (performance.now() - started) / 1000;
    console.log(`from the feed's delta to the message: ${seconds.toFixed(1)} s, the update itself included`);
    expect(seconds).toBeLessThan(10);

    expect(posted.text).toContain("CVE-2026-1234 now affects 15 images, 3 running; fix: 2.0.1");
    const blocks = JSON.stringify(posted.blocks);
    expect(blocks).toContain("*CVE-2026-1234*");
    expect(blocks).toContain("parser");

    const { findings } = await connect({ data }).get("/v1/findings", schemas.findingPage, {
      rule: "CVE-2026-1234",
      limit: "1000",
    });
    const expected = Array.from({ length: images }, (_, number) => number).filter(holds);
    expect(findings).toHaveLength(expected.length);
    // What runs comes first.
    expect(findings.map(({ running }) => running.length)).toEqual(
      expected.map((_, index) => (index < expected.filter(runs).length ? 1 : 0)),
    );
    expect(findings[0]?.last.cause).toMatchObject({ kind: "advisories" });
    expect(findings[0]?.last.cause.detail).toMatch(/npm [0-9a-f]{16}/);
  });

  it("says nothing more, and nothing again when the same set comes again", async () => {
    await update();
    await eventually("an idle platform", 30, async () => {
      const { queues } = await connect({ data }).get("/v1/queues", schemas.queueList);
      return queues.every(({ waiting, inFlight }) => waiting + inFlight === 0) ? true : undefined;
    });
    expect(slack.received).toHaveLength(1);
  });

  it("tells what is mended", async () => {
    publish(before);
    await update();
    const posted = await slack.wait(2);
    expect(posted.text).toContain("CVE-2026-1234 no longer affects 15 images, 3 running");
  });
});
