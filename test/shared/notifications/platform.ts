import type { DomainEvent, EventOf } from "../../../shared/events/types.ts";
import { type Report, reportKey } from "../../../shared/findings/report.ts";
import type { DeliveryPorts } from "../../../shared/notifications/delivery.ts";
import type { Route } from "../../../shared/notifications/settings.ts";
import { PermanentError } from "../../../shared/platform/errors.ts";
import type { Blobs, Mail } from "../../../shared/platform/ports.ts";
import { settingsSchema } from "../../../shared/platform/settings.ts";
import { type MemoryTable, memoryTable } from "../../support/memory-table.ts";

export interface TestPlatform extends DeliveryPorts {
  readonly table: MemoryTable;
  readonly mails: Mail[];
  readonly counters: Map<string, number>;
  readonly lines: { readonly level: string; readonly message: string }[];
  /** Moves the clock. */
  pass(milliseconds: number): void;
}

/** The ports of this room, in memory, at 2026-11-22T07:30:03Z. */
export function testPlatform(
  options: { readonly routes?: readonly Route[]; readonly secrets?: Readonly<Record<string, string>> } = {},
): TestPlatform {
  let now = Date.parse("2026-11-22T07:30:03.000Z");
  const clock = { now: () => now };
  const mails: Mail[] = [];
  const counters = new Map<string, number>();
  const lines: { level: string; message: string }[] = [];
  const write = (level: string) => (message: string) => void lines.push({ level, message });
  return {
    table: memoryTable(clock),
    blobs: memoryBlobs(),
    clock,
    mails,
    counters,
    lines,
    secrets: {
      async get(name) {
        const secret = options.secrets?.[name];
        if (secret === undefined) throw new PermanentError("secret-missing", `no secret ${name}`);
        return secret;
      },
    },
    mailer: {
      async send(mail) {
        mails.push(mail);
      },
    },
    log: { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") },
    metrics: { count: (name, value = 1) => void counters.set(name, (counters.get(name) ?? 0) + value) },
    settings: settingsSchema.parse({
      notifications: { routes: options.routes ?? [], linkBase: "https://portwarden.example.com" },
    }),
    pass(milliseconds) {
      now += milliseconds;
    },
  };
}

function memoryBlobs(): Blobs {
  const stored = new Map<string, Uint8Array>();
  return {
    put: async (key, body) => void stored.set(key, body.slice()),
    get: async (key) => stored.get(key),
    has: async (key) => stored.has(key),
    remove: async (key) => void stored.delete(key),
    async *list(prefix) {
      yield* [...stored.keys()].filter((key) => key.startsWith(prefix)).sort();
    },
  };
}

/** Stores the report, as a scan does, and gives the event that it emits then. */
export async function reported(
  platform: Pick<TestPlatform, "blobs">,
  report: Report,
): Promise<EventOf<"ScanCompleted">> {
  await platform.blobs.put(reportKey(report.id), new TextEncoder().encode(JSON.stringify(report)));
  return {
    type: "ScanCompleted",
    id: `scan-completed-${report.id}`,
    time: report.endedAt,
    data: {
      scanId: report.id,
      registry: "registry.example.com",
      repository: "shop/payments",
      status: report.status,
      introduced: report.introduced.length,
      fixed: report.fixed.length,
    },
  };
}

/** The deliveries asked for in the outbox, oldest first. */
export function requested(platform: Pick<TestPlatform, "table">): readonly EventOf<"DeliveryRequested">[] {
  return platform.table
    .items()
    .filter((item) => item.pk.startsWith("outbox#"))
    .map((item) => {
      const envelope = item.data as { "detail-type": "DeliveryRequested"; time: string; detail: { id: string } };
      const { id, ...data } = envelope.detail;
      return { type: envelope["detail-type"], id, time: envelope.time, data } as unknown as DomainEvent;
    })
    .filter((event): event is EventOf<"DeliveryRequested"> => event.type === "DeliveryRequested");
}
