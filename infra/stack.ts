/**
 * The stack: what all doors share, then one construct per capability, named as its folder in `functions/`, with one
 * construct per door in it. Nothing here knows a door by name: all is derived from their declarations.
 */
import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Door } from "../shared/platform/door.ts";
import { type Bundles, doorsWithModules } from "./bundle.ts";
import { DoorFunction } from "./door-function.ts";
import { DoorMap } from "./door-map.ts";
import { DoorQueue, deadLettersOf } from "./door-queue.ts";
import type { DeployOptions } from "./options.ts";
import { Dashboard } from "./platform/dashboard.ts";
import { Platform } from "./platform/platform.ts";
import { consume, relay, repeat, subscribe } from "./triggers.ts";

export interface PortwardenStackProps extends StackProps {
  readonly options: DeployOptions;
  /** The functions' code; without it they are empty (for tests of the template, and for listing stacks). */
  readonly bundles: Bundles | undefined;
}

/** A door with everything made for it. */
export interface DoorParts {
  readonly door: Door;
  readonly capability: string;
  readonly scope: Construct;
  readonly function: DoorFunction;
  /** Of queue and map doors. */
  readonly queue: Queue | undefined;
  /** Of all but HTTP doors. */
  readonly deadLetters: Queue | undefined;
  /** Of map doors. */
  readonly map: DoorMap | undefined;
}

export class PortwardenStack extends Stack {
  readonly platform: Platform;
  readonly doors: readonly DoorParts[];

  constructor(scope: Construct, id: string, { options, bundles, ...props }: PortwardenStackProps) {
    super(scope, id, { stackName: options.stackName, description: "Portwarden: container security", ...props });
    checkSchedules(options);
    checkNames(options);
    this.platform = new Platform(this, "platform", options);
    this.doors = this.#makeDoors(bundles);
    new Dashboard(this, "dashboard", { platform: this.platform, doors: this.doors });
    this.#tell();
  }

  /** Queues first, because functions name each other's. */
  #makeDoors(bundles: Bundles | undefined): readonly DoorParts[] {
    const { platform } = this;
    const placed = doorsWithModules().map(({ door, module }) => {
      const capability = capabilityOf(module);
      const scope = new Construct(this.#capability(capability), door.name);
      return {
        door,
        capability,
        scope,
        queue: door.kind === "queue" || door.kind === "map" ? new DoorQueue(scope, "Queue", door, platform) : undefined,
      };
    });
    const queues = new Map(
      placed.flatMap(({ door, queue }) => (queue === undefined ? [] : [[door.name, queue.queue]])),
    );
    return placed.map(({ door, capability, scope, queue }): DoorParts => {
      const deadLetters = queue?.deadLetters ?? ownDeadLetters(scope, door, platform);
      const made = new DoorFunction(scope, "Function", {
        door,
        platform,
        queues,
        code: bundles === undefined ? Code.fromInline(emptyHandler) : Code.fromAsset(bundles.of(door.name).directory),
        ...(door.kind === "schedule" && deadLetters !== undefined ? { deadLetters } : {}),
      });
      wire(scope, door, made, queue, deadLetters, platform);
      const map =
        door.kind === "map" && queue !== undefined
          ? new DoorMap(scope, "Map", { door, platform, lambda: made.lambda, queue })
          : undefined;
      return { door, capability, scope, function: made, queue: queue?.queue, deadLetters, map };
    });
  }

  #capability(name: string): Construct {
    const found = this.node.tryFindChild(name);
    return found instanceof Construct ? found : new Construct(this, name);
  }

  #tell(): void {
    const { api, alarms, storage, secretPrefix } = this.platform;
    const tell = (name: string, description: string, value: string) =>
      new CfnOutput(this, name, { description, value });
    tell("ApiUrl", "Address of the API and of the registries' webhooks", api.http.apiEndpoint);
    tell("AlarmTopic", "Subscribe to it to hear of alarms", alarms.topic.topicArn);
    tell("SecretPrefix", "What stands before the names of secrets in Secrets Manager", secretPrefix);
    tell("Table", "The state; kept when the stack is removed", storage.table.tableName);
    tell("Bucket", "The documents; kept when the stack is removed", storage.bucket.bucketName);
  }
}

const emptyHandler = "exports.handler = async () => undefined;";

/** `functions/<capability>/<door>.ts` */
function capabilityOf(module: string): string {
  const [folder, capability, file, ...rest] = module.split("/");
  if (folder !== "functions" || capability === undefined || file === undefined || rest.length > 0) {
    throw new Error(`${module} is not at functions/<capability>/<door>.ts`);
  }
  return capability;
}

/** The longest region names have 16 characters, and role names 64. */
const longestName = 64 - 17;

function checkNames({ prefix }: DeployOptions): void {
  for (const { door } of doorsWithModules()) {
    const name = `${prefix}-${door.name}`;
    if (name.length > longestName) throw new Error(`the name ${name} is too long: at most ${longestName} characters`);
  }
}

function checkSchedules({ schedules }: DeployOptions): void {
  const known = doorsWithModules().flatMap(({ door }) => (door.kind === "schedule" ? [door.name] : []));
  const unknown = Object.keys(schedules).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new Error(`-c schedules=${unknown}=...: no door with a schedule has this name (${known.join(", ")})`);
}

function ownDeadLetters(scope: Construct, door: Door, platform: Platform): Queue | undefined {
  if (door.kind === "schedule") {
    return deadLettersOf(scope, door.name, platform, {
      says: `A run of ${door.name} failed three times.`,
      remedy: "Nothing is to be brought back: the next run does the work.",
    });
  }
  if (door.kind === "outbox") {
    return deadLettersOf(scope, door.name, platform, {
      says: `${door.name} gave up records of the table's stream: their events were not published.`,
      remedy: "They stand in the table for two days: the runbook says how to have them published.",
    });
  }
  return undefined;
}

function wire(
  scope: Construct,
  door: Door,
  { lambda }: DoorFunction,
  queue: DoorQueue | undefined,
  deadLetters: Queue | undefined,
  platform: Platform,
): void {
  if (door.kind === "http") platform.api.serve(door, lambda);
  else if (door.kind === "queue" && queue !== undefined) {
    subscribe(scope, door, queue, platform);
    consume(door, queue.queue, lambda);
  } else if (door.kind === "map" && queue !== undefined) {
    // What failed, and was brought back by a redrive.
    consume(door, queue.queue, lambda);
  } else if (door.kind === "schedule" && deadLetters !== undefined) repeat(scope, door, lambda, deadLetters, platform);
  else if (door.kind === "outbox" && deadLetters !== undefined) relay(scope, door, lambda, deadLetters, platform);
}
