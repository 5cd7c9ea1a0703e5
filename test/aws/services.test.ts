import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { CreateEmailIdentityCommand, SESv2Client } from "@aws-sdk/client-sesv2";
import { SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { s3Blobs } from "../../shared/platform/aws/blobs.ts";
import { eventBridgeBus } from "../../shared/platform/aws/bus.ts";
import { clientDefaults } from "../../shared/platform/aws/client.ts";
import { lambdaHandler } from "../../shared/platform/aws/lambda.ts";
import { sesMailer } from "../../shared/platform/aws/mailer.ts";
import { sqsQueues } from "../../shared/platform/aws/queues.ts";
import { secretsManager } from "../../shared/platform/aws/secrets.ts";
import { queueDoor } from "../../shared/platform/door.ts";
import { blobsContract } from "../contract/blobs.ts";
import { busContract } from "../contract/bus.ts";
import { expectPermanent } from "../contract/expect.ts";
import { type Handle, queuesContract, queuesNeeded } from "../contract/queues.ts";
import { secretsContract } from "../contract/secrets.ts";
import { type Emulator, emulatorsMissing, region, startMoto } from "../support/aws-emulators.ts";
import { moveTasks, openGateway } from "./gateway.ts";
import { createBus, createQueue, deadLettersOf, drain, pollOnce } from "./stack.ts";

describe.skipIf(emulatorsMissing !== undefined)(`against moto ${emulatorsMissing ?? ""}`, () => {
  let moto: Emulator;
  const clock = { now: () => Date.now() };
  const nothing = async () => undefined;
  beforeAll(async () => {
    vi.stubEnv("POWERTOOLS_LOG_LEVEL", "SILENT");
    vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "true");
    moto = await startMoto();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await moto?.close();
  });

  blobsContract("s3", async () => {
    const client = new S3Client({ ...clientDefaults, ...moto.client });
    const configuration = { LocationConstraint: region } as const;
    await client.send(new CreateBucketCommand({ Bucket: "portwarden", CreateBucketConfiguration: configuration }));
    return { blobs: s3Blobs({ client, bucket: "portwarden" }), close: async () => client.destroy() };
  });

  secretsContract("secrets manager", async (values) => {
    const client = new SecretsManagerClient({ ...clientDefaults, ...moto.client });
    for (const [name, value] of Object.entries(values)) {
      await client.send(new CreateSecretCommand({ Name: `portwarden/${name}`, SecretString: value }));
    }
    return { secrets: secretsManager({ client, prefix: "portwarden/", clock }), close: async () => client.destroy() };
  });

  busContract("eventbridge", async (rules) => {
    const events = new EventBridgeClient({ ...clientDefaults, ...moto.client });
    const sqs = new SQSClient({ ...clientDefaults, ...moto.client });
    const urls = new Map<string, string>();
    for (const { target } of rules) urls.set(target, await createQueue(sqs, target, 5));
    await createBus(events, "portwarden", rules);
    return {
      bus: eventBridgeBus({ client: events, bus: "portwarden" }),
      received: (target) => drain(sqs, urls.get(target) ?? ""),
      close: nothing,
    };
  });

  queuesContract("sqs behind the Lambda runtime", async () => {
    const maxReceives = 3;
    const names = Array.from({ length: queuesNeeded }, (_, n) => `queue-${n}`);
    const direct = new SQSClient({ ...clientDefaults, ...moto.client });
    const urls: Record<string, string> = {};
    for (const name of names) urls[name] = await createQueue(direct, name, maxReceives);
    const gateway = await openGateway(moto);
    gateway.intercept(
      moveTasks(moto, Object.fromEntries(names.map((name) => [deadLettersOf(name), urls[name] ?? ""]))),
    );
    return {
      queues: sqsQueues({ client: new SQSClient({ ...clientDefaults, ...gateway.client }), urls }),
      names,
      maxReceives,
      consume: async (name, handle) => consume(direct, urls[name] ?? "", name, handle),
      close: () => gateway.close(),
    };
  });

  describe("mail", () => {
    const mail = {
      from: "portwarden@example.com",
      to: ["team@example.com", "second@example.com"],
      subject: "3 new findings\r\nBcc: everybody@example.com",
      text: "text 😀",
      html: "<p>html</p>",
      messageId: "delivery-1@portwarden",
    };

    test("goes out through SES with both bodies, our headers and a subject of one line", async () => {
      const gateway = await openGateway(moto);
      const client = new SESv2Client({ ...clientDefaults, ...gateway.client });
      await client.send(new CreateEmailIdentityCommand({ EmailIdentity: mail.from }));
      await sesMailer(client).send(mail);
      await gateway.close();
      const subject = "3 new findings Bcc: everybody@example.com";
      const accepted = await (await fetch(`${moto.endpoint}/moto-api/data.json`)).text();
      expect(accepted).toContain(subject);
      const sent = JSON.parse(gateway.calls.at(-1)?.body ?? "");
      expect(sent).toMatchObject({ FromEmailAddress: mail.from, Destination: { ToAddresses: mail.to } });
      expect(sent.Content.Simple).toMatchObject({
        Subject: { Data: subject },
        Body: { Text: { Data: mail.text, Charset: "UTF-8" }, Html: { Data: mail.html, Charset: "UTF-8" } },
        Headers: expect.arrayContaining([{ Name: "X-Portwarden-Message-ID", Value: mail.messageId }]),
      });
    });

    test("from an unverified sender is refused for good", async () => {
      const client = new SESv2Client({ ...clientDefaults, ...moto.client });
      await expectPermanent(sesMailer(client).send({ ...mail, from: "other@example.org" }), "mail-rejected");
    });

    test("whose answer is lost was perhaps sent: said so, not repeated", async () => {
      const gateway = await openGateway(moto);
      gateway.intercept(() => "lose");
      const client = new SESv2Client({ ...clientDefaults, ...gateway.client, maxAttempts: 1 });
      await expect(sesMailer(client).send(mail)).rejects.toMatchObject({
        name: "TransientError",
        code: "outcome-unknown",
      });
      expect(gateway.calls).toHaveLength(1);
      await gateway.close();
    });
  });
});

/** Runs the handler as a queue door behind the Lambda runtime, polled as Lambda polls. */
function consume(client: SQSClient, url: string, name: string, handle: Handle) {
  const door = queueDoor({
    name: "consumer",
    description: "",
    uses: {},
    message: z.unknown(),
    handle: (_, message, delivery) => handle(message, delivery),
  });
  const handler = lambdaHandler(door, {}, {});
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      if ((await pollOnce(client, url, name, handler)) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await running;
    },
  };
}
