/** What AWS does on bad days, in front of the emulators: retried, and right in the end; or a transient error. */
import { hash } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { DomainEvent } from "../../shared/events/types.ts";
import { s3Blobs } from "../../shared/platform/aws/blobs.ts";
import { eventBridgeBus } from "../../shared/platform/aws/bus.ts";
import { clientDefaults } from "../../shared/platform/aws/client.ts";
import { sqsQueues } from "../../shared/platform/aws/queues.ts";
import { secretsManager } from "../../shared/platform/aws/secrets.ts";
import { dynamoTable } from "../../shared/platform/aws/table.ts";
import type { Table, Write } from "../../shared/platform/ports.ts";
import { type Emulator, emulatorsMissing, region, startDynamoDb, startMoto } from "../support/aws-emulators.ts";
import { type Call, first, type Gateway, jsonError, openGateway } from "./gateway.ts";
import { createBus, createQueue, createTable, drain } from "./stack.ts";

const always = Number.POSITIVE_INFINITY;
const throttled = () => jsonError("com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException");

async function expectTransient(promise: Promise<unknown>, code: string): Promise<void> {
  await expect(promise).rejects.toMatchObject({ name: "TransientError", code });
}

describe.skipIf(emulatorsMissing !== undefined)(`faults ${emulatorsMissing ?? ""}`, () => {
  describe("of DynamoDB", () => {
    let emulator: Emulator;
    let gateway: Gateway;
    let table: Table;
    let partitions = 0;
    const partition = () => `fault#${++partitions}`;
    beforeAll(async () => {
      emulator = await startDynamoDb();
      await createTable(new DynamoDBClient(emulator.client), "portwarden");
      gateway = await openGateway(emulator);
      const client = new DynamoDBClient({ ...clientDefaults, ...gateway.client });
      table = dynamoTable({ client, table: "portwarden", clock: { now: () => Date.now() } });
    });
    afterEach(() => gateway.intercept(undefined));
    afterAll(async () => {
      await gateway?.close();
      await emulator?.close();
    });

    test("throttling that passes is not noticed", async () => {
      const key = { pk: partition(), sk: "a" };
      gateway.intercept(first(2, "UpdateItem", throttled));
      expect(await table.put({ ...key, data: 1 })).toEqual({ written: true, version: 1 });
      gateway.intercept(first(2, "GetItem", throttled));
      expect(await table.get(key)).toMatchObject({ data: 1 });
      gateway.intercept(first(2, "Query", () => ({ status: 500, body: "{}" })));
      expect((await table.query({ pk: key.pk })).items).toHaveLength(1);
      gateway.intercept(first(1, "DeleteItem", () => "break"));
      await table.remove(key);
      expect(await table.get(key)).toBeUndefined();
    });

    test("throttling that stays is a transient error", async () => {
      gateway.intercept(first(always, "GetItem", throttled));
      await expectTransient(table.get({ pk: partition(), sk: "a" }), "throttled");
    });

    test("a missing table and a missing right are transient: the deployment is to blame, not the message", async () => {
      const gone = () => jsonError("com.amazonaws.dynamodb.v20120810#ResourceNotFoundException");
      gateway.intercept(first(always, "GetItem", gone));
      await expectTransient(table.get({ pk: partition(), sk: "a" }), "resource-missing");
      gateway.intercept(first(always, "GetItem", () => jsonError("com.amazon.coral.service#AccessDeniedException")));
      await expectTransient(table.get({ pk: partition(), sk: "a" }), "access-denied");
    });

    test("a request that DynamoDB does not understand is a permanent error", async () => {
      gateway.intercept(first(always, "GetItem", () => jsonError("com.amazon.coral.validate#ValidationException")));
      const failure = table.get({ pk: partition(), sk: "a" });
      await expect(failure).rejects.toMatchObject({ name: "PermanentError", code: "request-refused" });
    });

    test("keys that a batch leaves unprocessed are asked for again", async () => {
      const pk = partition();
      const keys = Array.from({ length: 120 }, (_, n) => ({ pk, sk: `k${n}` }));
      const writes = keys.map((key): Write => ({ put: { ...key, data: key.sk } }));
      await table.transact(writes.slice(0, 100));
      await table.transact(writes.slice(100));
      gateway.intercept(first(3, "BatchGetItem", unprocessed));
      const found = await table.batchGet(keys);
      expect(new Set(found.map((item) => item.sk)).size).toBe(120);
      expect(found).toHaveLength(120);
      gateway.intercept(first(always, "BatchGetItem", unprocessed));
      await expectTransient(table.batchGet(keys.slice(0, 3)), "throttled");
    });

    test("a write whose answer is lost was written by us, not by a rival", async () => {
      const key = { pk: partition(), sk: "a" };
      gateway.intercept(first(1, "UpdateItem", () => "lose"));
      const written = { written: true, version: 1 };
      expect(await table.put({ ...key, data: "ours", condition: { ifAbsent: true } })).toEqual(written);
      expect(await table.put({ ...key, data: "theirs", condition: { ifAbsent: true } })).toEqual({ written: false });
      gateway.intercept(first(1, "UpdateItem", () => "lose"));
      expect(await table.put({ ...key, data: 2, condition: { ifVersion: 1 } })).toEqual({ written: true, version: 2 });
    });

    test("an addition whose answer is lost is counted once", async () => {
      const key = { pk: partition(), sk: "counter" };
      expect(await table.add(key, 5)).toBe(5);
      gateway.intercept(first(1, "UpdateItem", () => "lose"));
      expect(await table.add(key, 2)).toBe(7);
      expect(await table.get(key)).toMatchObject({ data: 7, version: 2 });
    });

    test("a transaction whose answer is lost is not refused by its own writes", async () => {
      const pk = partition();
      gateway.intercept(first(1, "TransactWriteItems", () => "lose"));
      const put = { pk, sk: "a", data: 1, condition: { ifAbsent: true } } as const;
      expect(await table.transact([{ put }, { put: { pk, sk: "b", data: 1 } }])).toEqual({ written: true });
      const tokens = gateway.calls.filter(isTransaction).map(({ body }) => JSON.parse(body).ClientRequestToken);
      expect(tokens.slice(-2)[0]).toBe(tokens.slice(-2)[1]);
      expect((await table.query({ pk })).items.map((item) => item.version)).toEqual([1, 1]);
    });

    test("a transaction that meets others is tried again; one that always does is a transient error", async () => {
      const pk = partition();
      const write: Write = { put: { pk, sk: "a", data: 1, condition: { ifAbsent: true } } };
      gateway.intercept(first(3, "TransactWriteItems", () => cancelled("None", "TransactionConflict")));
      expect(await table.transact([write])).toEqual({ written: true });
      gateway.intercept(first(always, "TransactWriteItems", () => cancelled("ThrottlingError")));
      await expectTransient(table.transact([write]), "conflict");
    });

    test("a transaction cancelled for what it holds is a permanent error", async () => {
      const write: Write = { put: { pk: partition(), sk: "a", data: 1 } };
      gateway.intercept(first(always, "TransactWriteItems", () => cancelled("ValidationError")));
      const failure = table.transact([write]);
      await expect(failure).rejects.toMatchObject({ name: "PermanentError", code: "request-refused" });
    });
  });

  describe("of the other services", () => {
    let moto: Emulator;
    let gateway: Gateway;
    beforeAll(async () => {
      moto = await startMoto();
      gateway = await openGateway(moto);
    });
    afterEach(() => gateway.intercept(undefined));
    afterAll(async () => {
      await gateway?.close();
      await moto?.close();
    });

    test("S3 slows down: retried, then a transient error; an absent key is no failure", async () => {
      const client = new S3Client({ ...clientDefaults, ...gateway.client });
      const configuration = { LocationConstraint: region } as const;
      await client.send(new CreateBucketCommand({ Bucket: "faults", CreateBucketConfiguration: configuration }));
      const blobs = s3Blobs({ client, bucket: "faults" });
      const body = new TextEncoder().encode("body");
      const slowDown = () => ({ status: 503, body: "<Error><Code>SlowDown</Code></Error>" });
      gateway.intercept(first(2, "PUT", slowDown));
      await blobs.put("a/b", body);
      gateway.intercept(first(2, "GET", slowDown));
      expect(await blobs.get("a/b")).toEqual(body);
      gateway.intercept(first(always, "HEAD", slowDown));
      await expectTransient(blobs.has("a/b"), "service-unavailable");
      gateway.intercept(first(always, "PUT", slowDown));
      await expectTransient(blobs.put("a/c", body), "throttled");
      gateway.intercept(undefined);
      expect(await blobs.get("a/c")).toBeUndefined();
    });

    test("a blob whose body breaks off is a transient error, never a shorter blob", async () => {
      const client = new S3Client({ ...clientDefaults, ...gateway.client });
      const short = () => ({ status: 200, body: "12345", headers: { "content-length": "10", connection: "close" } });
      gateway.intercept(first(always, "GET", short));
      await expectTransient(s3Blobs({ client, bucket: "faults" }).get("a/b"), "service-unavailable");
    });

    test("events that EventBridge refuses are sent again, and only those", async () => {
      const sqs = new SQSClient({ ...clientDefaults, ...moto.client });
      const url = await createQueue(sqs, "refused-events", 5);
      const client = new EventBridgeClient({ ...clientDefaults, ...gateway.client });
      await createBus(client, "faults", [{ target: "refused-events", pattern: { source: ["portwarden"] } }]);
      const bus = eventBridgeBus({ client, bus: "faults" });
      gateway.intercept(refuseSecond("PutEvents", eventAnswer));
      await bus.publish(["a", "b", "c"].map(deleted));
      const sent = gateway.calls.filter((call) => call.operation === "PutEvents").map(entries);
      expect(sent.slice(-2)).toEqual([3, 1]);
      expect(await drain(sqs, url)).toMatchObject([{ detail: { id: "b" } }]);
      gateway.intercept(first(always, "PutEvents", (call) => eventAnswer(call, () => true)));
      await expectTransient(bus.publish([deleted("never")]), "partly-published");
    });

    test("messages that SQS refuses are sent again, and only those; one it blames on us is a permanent error", async () => {
      const direct = new SQSClient({ ...clientDefaults, ...moto.client });
      const urls = { work: await createQueue(direct, "work", 5) };
      const queues = sqsQueues({ client: new SQSClient({ ...clientDefaults, ...gateway.client }), urls });
      gateway.intercept(refuseSecond("SendMessageBatch", messageAnswer(false)));
      await queues.send("work", ["a", "b \uffff", "c"]);
      const sent = gateway.calls.filter((call) => call.operation === "SendMessageBatch").map(entries);
      expect(sent.slice(-2)).toEqual([3, 1]);
      expect(await drain(direct, urls.work)).toEqual(["b \uffff"]);
      gateway.intercept(first(always, "SendMessageBatch", (call) => messageAnswer(false)(call, () => true)));
      await expectTransient(queues.send("work", ["a"]), "partly-sent");
      gateway.intercept(first(always, "SendMessageBatch", (call) => messageAnswer(true)(call, () => true)));
      await expect(queues.send("work", ["a"])).rejects.toMatchObject({ name: "PermanentError" });
    });

    test("a redrive while another runs is refused with the reason", async () => {
      const direct = new SQSClient({ ...clientDefaults, ...moto.client });
      const urls = { busy: await createQueue(direct, "busy", 5) };
      const dead = { ...urls, busy: `${urls.busy}-dead-letters` };
      await sqsQueues({ client: direct, urls: dead }).send("busy", ["poison"]);
      const queues = sqsQueues({ client: new SQSClient({ ...clientDefaults, ...gateway.client }), urls });
      const refusal = () => jsonError("com.amazonaws.sqs#UnsupportedOperation");
      gateway.intercept(first(always, "StartMessageMoveTask", refusal));
      await expect(queues.redrive("busy")).rejects.toMatchObject({ name: "PermanentError", code: "redrive-refused" });
    });

    test("a secret is read once in five minutes, and a rotated one is seen after them", async () => {
      const client = new SecretsManagerClient({ ...clientDefaults, ...gateway.client });
      await client.send(new CreateSecretCommand({ Name: "p/rotating", SecretString: "old" }));
      let now = 0;
      const secrets = secretsManager({ client, prefix: "p/", clock: { now: () => now } });
      gateway.intercept(first(1, "GetSecretValue", () => ({ status: 500, body: "{}" })));
      expect(await secrets.get("rotating")).toBe("old");
      await client.send(new PutSecretValueCommand({ SecretId: "p/rotating", SecretString: "new" }));
      now = 299_999;
      expect(await secrets.get("rotating")).toBe("old");
      now = 300_000;
      expect(await secrets.get("rotating")).toBe("new");
      gateway.intercept(first(always, "GetSecretValue", () => jsonError("AccessDeniedException")));
      now = 600_000;
      await expectTransient(secrets.get("rotating"), "access-denied");
    });
  });
});

const isTransaction = (call: Call) => call.operation === "TransactWriteItems";
const entries = (call: Call): number => JSON.parse(call.body).Entries.length;

function unprocessed({ body }: Call) {
  return { status: 200, body: JSON.stringify({ Responses: {}, UnprocessedKeys: JSON.parse(body).RequestItems }) };
}

function cancelled(...codes: readonly string[]) {
  const reasons = codes.map((Code) => ({ Code, Message: Code }));
  const name = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
  return jsonError(name, 400, { CancellationReasons: reasons });
}

type Refused = (index: number) => boolean;

/** The first call's second entry is refused, and its others are swallowed; the following calls pass. */
function refuseSecond(operation: string, answer: (call: Call, refused: Refused) => { status: number; body: string }) {
  return first(1, operation, (call) => answer(call, (index) => index === 1));
}

function eventAnswer({ body }: Call, refused: Refused) {
  const all: object[] = JSON.parse(body).Entries;
  const results = all.map((_, index) =>
    refused(index) ? { ErrorCode: "ThrottlingException", ErrorMessage: "on purpose" } : { EventId: `event-${index}` },
  );
  const failed = all.filter((_, index) => refused(index)).length;
  return { status: 200, body: JSON.stringify({ FailedEntryCount: failed, Entries: results }) };
}

function messageAnswer(senderFault: boolean) {
  return ({ body }: Call, refused: Refused) => {
    const all: { Id: string; MessageBody: string }[] = JSON.parse(body).Entries;
    const successful = all
      .filter((_, index) => !refused(index))
      .map(({ Id, MessageBody: text }) => ({ Id, MessageId: Id, MD5OfMessageBody: hash("md5", text) }));
    const failed = all
      .filter((_, index) => refused(index))
      .map(({ Id }) => ({ Id, Code: "InternalError", SenderFault: senderFault }));
    return { status: 200, body: JSON.stringify({ Successful: successful, Failed: failed }) };
  };
}

function deleted(id: string): DomainEvent {
  const image = { registry: "registry.example.com", repository: "team/app", tags: [], sender: "harbor" };
  return { type: "ImageDeleted", id, time: "2026-01-02T03:04:05.000Z", data: { ...image, sourceEventId: "1" } };
}
