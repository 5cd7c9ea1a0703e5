/** The environment of a function, as `shared/platform/aws/env.ts` reads it, from what its door declares. */
import { Aws, Stack, Token } from "aws-cdk-lib";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { adaptersOf } from "../shared/platform/aws/entry.ts";
import type { Door } from "../shared/platform/door.ts";
import type { Platform } from "./platform/platform.ts";
import { sectionsOf } from "./settings.ts";

/** Lambda takes 4 kB of names and values; the rest is left for what Lambda and operators add. */
export const environmentBytes = 3584;
/** Counted for what is only known at deployment: a name, an ARN, an account. Queue URLs take about 80. */
const tokenBytes = 90;

export type QueuesByDoor = ReadonlyMap<string, IQueue>;

/** Throws an `Error` when the door names a queue that no door has, or when the settings are too large. */
export function environmentOf(door: Door, platform: Platform, queues: QueuesByDoor): Record<string, string> {
  const stack = Stack.of(platform);
  const { storage, messaging, options, secretPrefix } = platform;
  const ports = new Set(adaptersOf(door));
  const variables: Record<string, string> = { POWERTOOLS_LOG_LEVEL: options.logLevel };
  if (ports.has("table")) variables["PORTWARDEN_TABLE"] = storage.table.tableName;
  if (ports.has("blobs")) variables["PORTWARDEN_BUCKET"] = storage.bucket.bucketName;
  if (ports.has("bus")) variables["PORTWARDEN_BUS"] = messaging.bus.eventBusName;
  if (ports.has("secrets") || ports.has("credentials")) variables["PORTWARDEN_SECRET_PREFIX"] = secretPrefix;
  if (ports.has("queues")) {
    const urls = queuesOf(door, queues).map(([name, queue]) => [name, queue.queueUrl]);
    variables["PORTWARDEN_QUEUE_URLS"] = stack.toJsonString(Object.fromEntries(urls));
  }
  if (door.settings !== undefined && door.settings.length > 0) {
    variables["PORTWARDEN_SETTINGS"] = stack.toJsonString(sectionsOf(door, options.settings, Aws.REGION));
  }
  checkSize(door, stack, variables);
  return variables;
}

/** The queues that a door may send to, or all of them for the one that administers them. */
export function queuesOf(door: Pick<Door, "name" | "uses">, queues: QueuesByDoor): [string, IQueue][] {
  const { queues: names = [] } = door.uses;
  if (names === "*") return [...queues];
  return names.map((name) => {
    const queue = queues.get(name);
    if (queue === undefined)
      throw new Error(`door ${door.name} sends to the queue ${name}, but no queue door has this name`);
    return [name, queue];
  });
}

function checkSize(door: Pick<Door, "name" | "settings">, stack: Stack, variables: Record<string, string>): void {
  const bytes = Object.entries(variables).reduce((sum, [name, value]) => sum + name.length + sizeOf(stack, value), 0);
  if (bytes <= environmentBytes) return;
  throw new Error(
    `the environment of ${door.name} would take about ${bytes} bytes, and ${environmentBytes} fit. ` +
      `Shorten the settings that it is given (${(door.settings ?? []).join(", ")}): join routes that differ only in ` +
      "their recipients by one mailing list or channel, replace lists of repositories and registries by globs, and " +
      "drop entries that say the default.",
  );
}

/** In UTF-8, with a fixed size for each part that only the deployment knows. */
function sizeOf(stack: Stack, value: string): number {
  return Token.isUnresolved(value) ? partsSize(stack.resolve(value)) : Buffer.byteLength(value);
}

function partsSize(resolved: unknown): number {
  if (typeof resolved === "string") return Buffer.byteLength(resolved);
  const join = (resolved as { readonly "Fn::Join"?: [string, unknown[]] } | undefined)?.["Fn::Join"];
  return join === undefined ? tokenBytes : join[1].reduce<number>((sum, part) => sum + partsSize(part), 0);
}
