/**
 * The process that the crash test kills: writes, sends, publishes and consumes as fast as it can, and reports on a
 * file what had been committed. Arguments: data directory, report file, and the first number to use.
 */
import { openSync, writeSync } from "node:fs";
import { outboxWrite } from "../../../../shared/events/outbox.ts";
import { embeddedBus } from "../../../../shared/platform/embedded/bus.ts";
import { systemClock } from "../../../../shared/platform/embedded/clock.ts";
import { openEmbeddedStore } from "../../../../shared/platform/embedded/store.ts";
import { silentLog } from "./support.ts";

const [directory = "", report = "", first = ""] = process.argv.slice(2);
const file = openSync(report, "a");
const store = openEmbeddedStore(directory, { clock: systemClock, log: silentLog });
const rule = { bus: "portwarden", queue: "work", pattern: { detail: { route: ["crash"] } } } as const;
const bus = embeddedBus([rule], store);

const tick = () => new Promise((resolve) => setTimeout(resolve, 1));

store.queues.consume("work", {
  concurrency: 3,
  visibilitySeconds: 3600,
  maxReceives: 5,
  retryDelaySeconds: () => 0.005,
  async handle(body, { attempt }) {
    const { id } = (body as { detail: { id: string } }).detail;
    await tick();
    if (attempt === 1 && Number(id) % 7 === 0) throw new Error("not the first time");
    await store.table.add({ pk: "handled", sk: id }, 1);
    writeSync(file, `handled ${id}\n`);
    await tick();
  },
});

const publishing = (async () => {
  for (;;) {
    const records = await store.pendingOutbox(10);
    if (records.length > 0) await bus.publishOutbox(records);
    await tick();
  }
})();

writeSync(file, "started\n");
for (let number = Number(first); ; number++) {
  const id = String(number);
  const data = { deliveryId: id, route: "crash" };
  const event = { type: "DeliveryRequested", id, time: new Date().toISOString(), data } as const;
  const { written } = await store.table.transact([
    { put: { pk: "committed", sk: id, data: number, condition: { ifAbsent: true } } },
    outboxWrite(event, Date.now()),
  ]);
  if (written) writeSync(file, `committed ${id}\n`);
  if (number % 5 === 0) await Promise.race([publishing, tick()]);
}
