/**
 * A thousand messages of 100 kB at once, in a heap too small for them; then a second of idleness. Prints what it
 * measured as JSON. Argument: data directory.
 */
import { systemClock } from "../../../../shared/platform/embedded/clock.ts";
import { openEmbeddedStore } from "../../../../shared/platform/embedded/store.ts";
import { silentLog } from "./support.ts";

const [directory = ""] = process.argv.slice(2);
const store = openEmbeddedStore(directory, { clock: systemClock, log: silentLog });
store.queues.declare(["work"]);
const body = { text: "x".repeat(100_000) };
for (let sent = 0; sent < 1000; sent += 10) await store.queues.send("work", Array<unknown>(10).fill(body));

let handled = 0;
const consumer = store.queues.consume("work", {
  concurrency: 2,
  visibilitySeconds: 30,
  maxReceives: 3,
  handle: async () => void handled++,
});
while (handled < 1000) await new Promise((resolve) => setTimeout(resolve, 20));

const before = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, 1000));
const { user, system } = process.cpuUsage(before);
process.stdout.write(JSON.stringify({ handled, idleMilliseconds: (user + system) / 1000 }));
await consumer.stop();
store.close();
