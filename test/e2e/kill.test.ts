/**
 * `kill -9` at fifty random moments around a push: each scan completes once, no finding is lost or doubled, and no
 * message is sent twice. Needs Node only.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { connect } from "../../cli/client.ts";
import { demoAdvisories } from "../../local/demo/advisories.ts";
import { buildImage } from "../../local/demo/build-image.ts";
import { slackReceiver } from "../../local/demo/receivers.ts";
import { startRegistry } from "../../local/demo/registry.ts";
import { deliveryPage } from "../../shared/api/delivery-routes.ts";
import * as schemas from "../../shared/api/schemas.ts";
import { freePort } from "../support/docker-registry.ts";
import { eventually, type RunningPlatform, runCli, startPlatform } from "../support/running-platform.ts";

const kills = 50;
const folder = mkdtempSync(join(tmpdir(), "portwarden-kill-"));
const data = join(folder, "data");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every image is its own: four known vulnerabilities in three packages, and a layer nobody has seen. */
function imageNumber(number: number) {
  const manifest = (name: string, version: string) => JSON.stringify({ name, version });
  return buildImage({
    layers: [
      {
        files: [
          { path: "app/number", content: String(number).repeat(200_000) },
          { path: "app/node_modules/minimist/package.json", content: manifest("minimist", "0.0.8") },
          { path: "app/node_modules/ini/package.json", content: manifest("ini", "1.3.5") },
          { path: "app/node_modules/y18n/package.json", content: manifest("y18n", "4.0.0") },
        ],
      },
    ],
  });
}

it(`survives ${kills} kills`, async () => {
  const records = join(folder, "records");
  mkdirSync(records, { recursive: true });
  for (const [index, record] of demoAdvisories.entries())
    writeFileSync(join(records, `${index}.json`), JSON.stringify(record));
  expect((await runCli("advisories", "update", "--from", records, "--data", data)).code).toBe(0);

  const slack = await slackReceiver();
  const port = await freePort();
  const start = () => startPlatform({ data, port, environment: { PORTWARDEN_SLACK_WEBHOOK_URL: slack.url } });
  let platform: RunningPlatform = await start();
  const registry = await startRegistry({
    notifications: {
      url: `http://127.0.0.1:${port}/v1/hooks/distribution`,
      headers: { authorization: `Bearer ${platform.webhookSecret}` },
      tries: 200,
    },
  });

  const digests: string[] = [];
  const moments: number[] = [];
  for (let round = 0; round < kills; round++) {
    const image = imageNumber(round);
    await registry.push(image, `team/app-${round}`, "1");
    digests.push(image.manifest.digest);
    const moment = Math.floor(Math.random() * 250);
    moments.push(moment);
    await sleep(moment);
    await platform.end("SIGKILL");
    platform = await start();
  }
  const told = `killed after ${moments.join(", ")} ms`;
  await registry.notified();
  const client = connect({ data });
  await eventually(`an idle platform (${told})`, 300, async () => {
    const { queues } = await client.get("/v1/queues", schemas.queueList);
    return queues.every(({ waiting, inFlight, delayed }) => waiting + inFlight + delayed === 0) ? true : undefined;
  });
  const { queues } = await client.get("/v1/queues", schemas.queueList);
  expect(
    queues.filter(({ deadLetters }) => deadLetters > 0),
    told,
  ).toEqual([]);

  for (const digest of digests) {
    const { images } = await client.get(`/v1/images/${digest}`, schemas.imageByDigest);
    expect(
      images.map(({ scan }) => scan?.status),
      told,
    ).toEqual(["complete"]);
  }
  const { findings } = await client.get("/v1/findings", schemas.findingPage, { limit: "1000" });
  expect(
    findings.filter(({ kind }) => kind === "vulnerability"),
    told,
  ).toHaveLength(kills * 4);
  for (const { id } of findings) {
    const { timeline } = await client.get(`/v1/findings/${id}`, schemas.findingWithTimeline);
    expect(
      timeline.map(({ transition }) => transition),
      told,
    ).toEqual(["opened"]);
  }

  const { deliveries } = await client.get("/v1/deliveries", deliveryPage, { limit: "1000" });
  expect(deliveries, told).toHaveLength(kills);
  for (const [round] of digests.entries()) {
    const messages = slack.received.filter(({ blocks }) => JSON.stringify(blocks).includes(`team/app-${round}:1`));
    const delivery = deliveries.find(({ subject }) => subject.includes(`team/app-${round}:1`));
    // A kill between the post and its record leaves the outcome unknown: said so, never sent again by itself.
    expect(["sent", "uncertain"], told).toContain(delivery?.state);
    if (delivery?.state === "sent") expect(messages, told).toHaveLength(1);
    else expect(messages.length, told).toBeLessThanOrEqual(1);
  }
  const uncertain = deliveries.filter(({ state }) => state === "uncertain").length;
  console.log(
    `${kills} kills: ${kills} scans, ${findings.length} findings, ${slack.received.length} messages, ${uncertain} uncertain`,
  );
  expect(await platform.end("SIGTERM")).toBe(0);
  await registry.close();
  await slack.close();
});
