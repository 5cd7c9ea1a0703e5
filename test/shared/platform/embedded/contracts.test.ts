import { embeddedBlobs } from "../../../../shared/platform/embedded/blobs.ts";
import { embeddedBus } from "../../../../shared/platform/embedded/bus.ts";
import { embeddedSecrets } from "../../../../shared/platform/embedded/secrets.ts";
import { blobsContract } from "../../../contract/blobs.ts";
import { busContract } from "../../../contract/bus.ts";
import { queuesContract, queuesNeeded } from "../../../contract/queues.ts";
import { secretsContract } from "../../../contract/secrets.ts";
import { tableContract } from "../../../contract/table.ts";
import { temporaryDirectory, testStore } from "./support.ts";

tableContract("embedded", async () => {
  const store = testStore();
  return { table: store.table, close: async () => store.discard() };
});

blobsContract("embedded", async () => {
  const directory = temporaryDirectory();
  return { blobs: embeddedBlobs(directory.path), close: async () => directory[Symbol.dispose]() };
});

queuesContract("embedded", async () => {
  const store = testStore();
  const names = Array.from({ length: queuesNeeded }, (_, n) => `queue-${n}`);
  store.queues.declare(names);
  return {
    queues: store.queues,
    names,
    maxReceives: 3,
    async consume(queue, handle) {
      const consumer = store.queues.consume(queue, {
        concurrency: 3,
        visibilitySeconds: 30,
        maxReceives: 3,
        retryDelaySeconds: () => 0.01,
        handle,
      });
      return { stop: async () => void (await consumer.stop(5)) };
    },
    close: async () => store.discard(),
  };
});

busContract("embedded", async (rules) => {
  const store = testStore();
  const bus = embeddedBus(
    rules.map(({ target, pattern }) => ({ bus: "portwarden", pattern, queue: target })),
    store,
  );
  const arrived = new Map<string, unknown[]>(rules.map(({ target }) => [target, []]));
  const consumers = rules.map(({ target }) =>
    store.queues.consume(target, {
      concurrency: 1,
      visibilitySeconds: 30,
      maxReceives: 3,
      handle: async (body) => void arrived.get(target)?.push(body),
    }),
  );
  return {
    bus,
    received: async (target) => arrived.get(target)?.splice(0) ?? [],
    async close() {
      await Promise.all(consumers.map((consumer) => consumer.stop()));
      store.discard();
    },
  };
});

secretsContract("embedded files", async (values) => {
  const directory = temporaryDirectory();
  const secrets = embeddedSecrets(directory.path);
  for (const [name, value] of Object.entries(values)) await secrets.set(name, value);
  return { secrets, close: async () => directory[Symbol.dispose]() };
});

secretsContract("embedded, given by the command line", async (values) => {
  const directory = temporaryDirectory();
  return { secrets: embeddedSecrets(directory.path, values), close: async () => directory[Symbol.dispose]() };
});
