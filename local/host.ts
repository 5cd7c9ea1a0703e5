/**
 * The embedded host: every door of `functions/` on an in-process bus, queues on disk, SQLite and a folder. It does what
 * the CDK app does on AWS, from the same declarations.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { doors } from "../functions/registry.generated.ts";
import { restrictTo } from "../shared/platform/declared.ts";
import type { Door, MapDoor, OutboxDoor, QueueDoor, ScheduleDoor } from "../shared/platform/door.ts";
import { embeddedBlobs } from "../shared/platform/embedded/blobs.ts";
import { type BusName, type EmbeddedBus, embeddedBus, type Rule } from "../shared/platform/embedded/bus.ts";
import type { ConsumeOptions, QueueConsumer } from "../shared/platform/embedded/consumer.ts";
import type { EmbeddedMetrics } from "../shared/platform/embedded/metrics.ts";
import type { OutboxRelay, RelayOptions } from "../shared/platform/embedded/outbox.ts";
import { type EmbeddedStore, openEmbeddedStore } from "../shared/platform/embedded/store.ts";
import { PermanentError } from "../shared/platform/errors.ts";
import { queueOfMap } from "../shared/platform/map.ts";
import type { Log, Platform } from "../shared/platform/ports.ts";
import { type RunningServer, serveHttp } from "./http.ts";
import { metricsText } from "./metrics.ts";
import { startSchedules } from "./schedules.ts";

export interface HostOptions {
  readonly dataDirectory: string;
  readonly host: string;
  readonly port: number;
  readonly token: string;
  /** The ports that the host does not make itself. */
  readonly ports: Pick<
    Platform,
    "secrets" | "credentials" | "ecs" | "clock" | "log" | "progress" | "settings" | "mailer"
  > & {
    readonly metrics: EmbeddedMetrics;
  };
  /** Schedules run on their own from start-up; off in tests that call doors themselves. Default true. */
  readonly schedules?: boolean;
}

/** Logs name the door, where the log can. */
type NamedLog = Log & { named?(name: string): Log };

export interface RunningHost {
  readonly url: string;
  readonly platform: Platform;
  readonly bus: EmbeddedBus;
  /** Puts events that a cloud would send on the default bus. */
  putEvents(bus: BusName, envelopes: readonly unknown[]): Promise<void>;
  /** Takes no more work, waits for what is in hand, closes everything. */
  stop(): Promise<void>;
}

const defaults = { timeoutSeconds: 30, maxReceives: 5, concurrency: 2 };

const isQueue = (door: Door): door is QueueDoor<unknown> => door.kind === "queue";
const isSchedule = (door: Door): door is ScheduleDoor => door.kind === "schedule";
const isMap = (door: Door): door is MapDoor<unknown> => door.kind === "map";
const isOutbox = (door: Door): door is OutboxDoor => door.kind === "outbox";

/** Starts every door on a data directory. Throws `PermanentError("data-directory-in-use")` when another host has it. */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const { clock, log } = options.ports;
  const store = openEmbeddedStore(options.dataDirectory, { clock, log });
  try {
    store.claim();
  } catch (error) {
    store.close();
    throw error;
  }
  const bus = embeddedBus(rulesOf(doors), store);
  const { queues, table } = store;
  queues.declare(doors.filter((door) => isQueue(door) || isMap(door) || isOutbox(door)).map(({ name }) => name));
  const platform: Platform = { ...options.ports, table, queues, bus, blobs: embeddedBlobs(options.dataDirectory) };
  const workers = startWorkers(platform, store);
  const schedules = startSchedules(options.schedules === false ? [] : doors.filter(isSchedule), platform);
  let server: RunningServer;
  try {
    server = await serveHttp({
      ...options,
      log,
      metrics: () => metricsText(options.ports.metrics.snapshot()),
      doors: doors.flatMap((door) => (door.kind === "http" ? [{ door, platform: restrictTo(door, platform) }] : [])),
    });
  } catch (error) {
    await schedules.stop();
    await workers.stop(0);
    store.close();
    throw listenError(error, options);
  }
  const serverFile = join(options.dataDirectory, "server.json");
  writeFileSync(serverFile, `${JSON.stringify({ url: server.url, pid: process.pid })}\n`, { mode: 0o600 });
  return {
    url: server.url,
    platform,
    bus,
    putEvents: (name, envelopes) => bus.put(name, envelopes),
    async stop() {
      await server.close();
      await schedules.stop();
      await workers.stop();
      store.close();
      rmSync(serverFile, { force: true });
    },
  };
}

interface Workers {
  /** Waits for what is in hand, at most so many seconds (default 25). */
  stop(deadlineSeconds?: number): Promise<void>;
}

/** Consumes the queues and relays the outbox. */
function startWorkers(platform: Platform, store: EmbeddedStore): Workers {
  const { queues } = store;
  const consumed = [...doors.filter(isQueue), ...doors.filter(isMap).map(queueOfMap)];
  const consumers = consumed.map((door) => consume(door, platform, queues));
  const relays: OutboxRelay[] = [];
  for (const door of doors.filter(isOutbox)) {
    const handle = (records: readonly unknown[]) => door.handle(restrictTo(door, platform), records);
    const quarantine: RelayOptions["quarantine"] = ({ data }, failure) => queues.quarantine(door.name, data, failure);
    relays.push(store.relay({ handle, quarantine, log: platform.log }));
    // What was quarantined stands among the dead letters of a queue of this name: redriven, it comes this way.
    consumers.push(
      queues.consume(door.name, { ...consumption(door), concurrency: 1, handle: (body) => handle([body]) }),
    );
  }
  return {
    async stop(deadlineSeconds) {
      await Promise.all(consumers.map((consumer) => consumer.stop(deadlineSeconds)));
      await Promise.all(relays.map((relay) => relay.stop()));
    },
  };
}

/** How a queue is consumed unless its door says otherwise: as the stack sets it up on AWS. */
function consumption(door: Door): Omit<ConsumeOptions, "handle"> {
  return {
    concurrency: defaults.concurrency,
    visibilitySeconds: 6 * (door.timeoutSeconds ?? defaults.timeoutSeconds),
    maxReceives: defaults.maxReceives,
  };
}

function rulesOf(all: readonly Door[]): Rule[] {
  return [
    ...all
      .filter(isQueue)
      .flatMap(({ name, subscribe }) => (subscribe === undefined ? [] : [{ ...subscribe, queue: name }])),
    ...all.filter(isMap).map(({ name, subscribe }) => ({ ...subscribe, bus: "portwarden" as const, queue: name })),
  ];
}

function consume(door: QueueDoor<unknown>, platform: Platform, queues: EmbeddedStore["queues"]): QueueConsumer {
  const restricted = restrictTo(door, { ...platform, log: named(platform.log, door) });
  const usual = consumption(door);
  return queues.consume(door.name, {
    ...usual,
    concurrency: door.concurrency?.embedded ?? usual.concurrency,
    maxReceives: door.maxReceives ?? usual.maxReceives,
    async handle(body, delivery) {
      const parsed = door.message.safeParse(body);
      if (!parsed.success) throw new PermanentError("message-unfit", parsed.error.message.slice(0, 1000));
      await door.handle(restricted, body, delivery);
    },
  });
}

function named(log: NamedLog, door: Door): Log {
  return log.named?.(door.name) ?? log;
}

function listenError(error: unknown, options: HostOptions): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") {
    return new PermanentError("port-in-use", `port ${options.port} is in use: choose another one with --port`);
  }
  if (code === "EACCES" || code === "EADDRNOTAVAIL") {
    return new PermanentError("cannot-listen", `cannot listen on ${options.host}:${options.port} (${code})`);
  }
  return error;
}
