/** A door as it runs on AWS: bundled by esbuild, configured by its environment, woken by an event source's event. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { s3Blobs } from "../../shared/platform/aws/blobs.ts";
import type { LambdaHandler } from "../../shared/platform/aws/lambda.ts";
import { sqsQueues } from "../../shared/platform/aws/queues.ts";
import { dynamoTable } from "../../shared/platform/aws/table.ts";
import { door } from "../shared/platform/aws/doors/typical.ts";
import { type Emulator, emulatorsMissing, region, startDynamoDb, startMoto } from "../support/aws-emulators.ts";
import { bundleDoor } from "../support/bundle-door.ts";
import { createBus, createQueue, createTable, drain, pollOnce } from "./stack.ts";

describe.skipIf(emulatorsMissing !== undefined)(`a bundled door ${emulatorsMissing ?? ""}`, () => {
  let dynamodb: Emulator;
  let moto: Emulator;
  let handler: LambdaHandler;
  let sqs: SQSClient;
  const urls: Record<string, string> = {};
  beforeAll(async () => {
    [dynamodb, moto] = await Promise.all([startDynamoDb(), startMoto()]);
    sqs = new SQSClient(moto.client);
    await createTable(new DynamoDBClient(dynamodb.client), "portwarden");
    const configuration = { LocationConstraint: region } as const;
    await new S3Client(moto.client).send(
      new CreateBucketCommand({ Bucket: "portwarden", CreateBucketConfiguration: configuration }),
    );
    const secret = { Name: "pw/typical", SecretString: "s3cret" };
    await new SecretsManagerClient(moto.client).send(new CreateSecretCommand(secret));
    for (const name of ["typical", "other", "events"]) urls[name] = await createQueue(sqs, name, 2);
    const rules = [{ target: "events", pattern: { source: ["portwarden"] } }];
    await createBus(new EventBridgeClient(moto.client), "portwarden", rules);
    for (const [name, value] of Object.entries({
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: "emulated",
      AWS_SECRET_ACCESS_KEY: "emulated",
      AWS_ENDPOINT_URL: moto.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
      PORTWARDEN_TABLE: "portwarden",
      PORTWARDEN_BUCKET: "portwarden",
      PORTWARDEN_BUS: "portwarden",
      PORTWARDEN_QUEUE_URLS: JSON.stringify({ other: urls["other"] }),
      PORTWARDEN_SECRET_PREFIX: "pw/",
      PORTWARDEN_SETTINGS: JSON.stringify({ registries: { allow: ["*.example.com"] } }),
      POWERTOOLS_LOG_LEVEL: "SILENT",
      POWERTOOLS_METRICS_DISABLED: "true",
    })) {
      vi.stubEnv(name, value);
    }
    const bundle = await bundleDoor(door, new URL("../shared/platform/aws/doors/typical.ts", import.meta.url).pathname);
    handler = (await import(bundle.file)).handler;
    bundle.remove();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await Promise.all([dynamodb?.close(), moto?.close()]);
  });

  test("does its work through all its ports, and sorts a mixed batch into done, quarantined and dead", async () => {
    const queues = sqsQueues({ client: sqs, urls });
    await queues.send("typical", [
      { name: "good" },
      { name: "bad", fail: "for good" },
      { name: "broken", fail: "by a defect" },
      { nameless: true },
    ]);
    while ((await pollOnce(sqs, urls["typical"] ?? "", "typical", handler)) > 0);

    const client = new DynamoDBClient(dynamodb.client);
    const table = dynamoTable({ client, table: "portwarden", clock: { now: () => Date.now() } });
    expect(await table.get({ pk: "typical", sk: "good" })).toMatchObject({
      data: { attempt: 1, allowed: ["*.example.com"] },
    });
    const blobs = s3Blobs({ client: new S3Client(moto.client), bucket: "portwarden" });
    expect(new TextDecoder().decode(await blobs.get("typical/good"))).toBe("s3cret");
    expect(await drain(sqs, urls["other"] ?? "")).toEqual([{ name: "good" }]);
    expect(await drain(sqs, urls["events"] ?? "")).toMatchObject([{ detail: { id: "typical-good" } }]);

    const quarantined = (await table.query({ pk: "quarantine#typical" })).items;
    const codes = quarantined.map((item) => (item.data as { code: string }).code);
    expect(codes.toSorted()).toEqual(["message-unfit", "refused-for-good"]);
    const bad = quarantined.find((item) => (item.data as { code: string }).code === "refused-for-good");
    expect(bad?.data).toMatchObject({ door: "typical", attempt: 1, body: '{"name":"bad","fail":"for good"}' });
    const status = (await queues.status()).find(({ name }) => name === "typical");
    expect(status).toMatchObject({ waiting: 0, inFlight: 0, deadLetters: 1 });
  });
});
