import { describe, expect, it } from "vitest";
import type { DoorParts } from "../../infra/stack.ts";
import { adaptersOf } from "../../shared/platform/aws/entry.ts";
import { parseEnvironment } from "../../shared/platform/aws/env.ts";
import type { Uses } from "../../shared/platform/door.ts";
import { deployed, idOf, ofType, type Resource, statementsOf, synthesise } from "./template.ts";

const { stack, template } = synthesise();
const properties = (id: string) => template.Resources[id]?.Properties ?? {};
const policyOf = ({ function: { role } }: DoorParts): Resource | undefined =>
  ofType(template, "AWS::IAM::Policy").find(([, { Properties }]) =>
    (Properties["Roles"] as { Ref: string }[]).some(({ Ref }) => Ref === idOf(stack, role)),
  )?.[1];
const rightsOf = (parts: DoorParts) => statementsOf(policyOf(parts)?.Properties["PolicyDocument"]);
const actionsOf = (parts: DoorParts) => rightsOf(parts).flatMap(({ Action }) => Action);

/** What a deployment would put in place of references. */
const refer = (reference: string) => {
  const type = template.Resources[reference]?.Type;
  if (type === "AWS::SQS::Queue") {
    return `https://sqs.eu-west-1.amazonaws.com/123456789012/${String(properties(reference)["QueueName"])}`;
  }
  return reference === "AWS::Region" ? "eu-west-1" : reference;
};

function environmentOf({ function: { lambda } }: DoorParts): Record<string, string> {
  const { Variables } = properties(idOf(stack, lambda))["Environment"] as { Variables: Record<string, unknown> };
  return Object.fromEntries(Object.entries(Variables).map(([name, value]) => [name, deployed(value, refer)]));
}

/** The prefixes of the calls that each port's adapter makes. */
const services: Readonly<Record<keyof Uses, readonly string[]>> = {
  table: ["dynamodb:"],
  blobs: ["s3:"],
  bus: ["events:PutEvents"],
  queues: ["sqs:SendMessage"],
  secrets: ["secretsmanager:GetSecretValue"],
  mailer: ["ses:"],
  credentials: ["ecr:", "secretsmanager:GetSecretValue"],
  ecs: ["ecs:List", "ecs:Describe"],
};

describe.each(stack.doors.map((parts) => ({ name: parts.door.name, parts })))("the function of $name", ({ parts }) => {
  const { door, function: made } = parts;
  const lambda = properties(idOf(stack, made.lambda));

  it("is what its door says, on the current Node and ARM, traced", () => {
    expect(lambda).toMatchObject({
      FunctionName: `portwarden-${door.name}`,
      Description: door.description,
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      Timeout: door.timeoutSeconds ?? 30,
      MemorySize: door.memoryMegabytes ?? 512,
      TracingConfig: { Mode: "Active" },
    });
    expect(lambda["EphemeralStorage"]).toEqual(
      door.temporaryMegabytes === undefined ? undefined : { Size: door.temporaryMegabytes },
    );
    expect(lambda["ReservedConcurrentExecutions"]).toBeUndefined();
    expect(made.lambda.node.path).toMatch(new RegExp(`^Portwarden/${parts.capability}/${door.name}/`));
  });

  it("writes to its own log group, which forgets", () => {
    const { LogGroup } = lambda["LoggingConfig"] as { LogGroup: { Ref: string } };
    expect(properties(LogGroup.Ref)).toMatchObject({ LogGroupName: `/portwarden/${door.name}`, RetentionInDays: 30 });
  });

  it("has a role of its own, without managed policies", () => {
    const role = template.Resources[idOf(stack, made.role)];
    expect(role?.Properties).not.toHaveProperty("ManagedPolicyArns");
    expect(deployed(role?.Properties["RoleName"], refer)).toBe(`portwarden-${door.name}-eu-west-1`);
    const users = ofType(template, "AWS::Lambda::Function").filter(
      ([, { Properties }]) => JSON.stringify(Properties["Role"]) === JSON.stringify(lambda["Role"]),
    );
    expect(users).toHaveLength(1);
  });

  it("has the rights of the ports it uses, and no others", () => {
    const actions = actionsOf(parts);
    const own = ["logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"];
    const consuming = [
      "ReceiveMessage",
      "DeleteMessage",
      "ChangeMessageVisibility",
      "GetQueueUrl",
      "GetQueueAttributes",
    ];
    const byKind = {
      queue: [...consuming.map((call) => `sqs:${call}`), "dynamodb:UpdateItem"],
      map: consuming.map((call) => `sqs:${call}`),
      schedule: ["sqs:SendMessage", "dynamodb:UpdateItem"],
      outbox: ["sqs:SendMessage", "dynamodb:"],
      http: [],
    }[door.kind];
    const administering = [
      "sqs:GetQueueAttributes",
      "sqs:StartMessageMoveTask",
      "sqs:ReceiveMessage",
      "sqs:DeleteMessage",
    ];
    const used = (Object.keys(services) as (keyof Uses)[]).filter((port) => door.uses[port] !== undefined);
    const allowed = [
      ...own,
      ...byKind,
      ...used.flatMap((port) => services[port]),
      ...(door.uses.queues === "*" ? administering : []),
    ];
    const surplus = actions.filter((action) => !allowed.some((prefix) => action.startsWith(prefix)));
    expect(surplus).toEqual([]);
    // Mail is granted once there is a sender; everything else at once.
    for (const port of used.filter((one) => one !== "mailer")) {
      for (const prefix of services[port]) expect(actions.some((action) => action.startsWith(prefix))).toBe(true);
    }
  });

  it("writes where it may write, and to its own quarantine", () => {
    const statements = rightsOf(parts);
    const free = statements.filter(({ Condition }) => Condition === undefined).flatMap(({ Action }) => Action);
    expect(free.includes("dynamodb:UpdateItem")).toBe(door.uses.table === "write");
    expect(free.includes("s3:PutObject")).toBe(door.uses.blobs === "write");
    if (door.kind === "http" || door.uses.table === "write") return;
    const quarantine = { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": [`quarantine#${door.name}`] } };
    expect(statements.filter(({ Action }) => Action.includes("dynamodb:UpdateItem"))).toMatchObject([
      { Condition: quarantine },
    ]);
  });

  it("has rights on everything only for calls that know no resources", () => {
    const unscoped = rightsOf(parts)
      .filter(({ Resource }) => Resource.includes("*"))
      .flatMap(({ Action }) => Action);
    const allowed = [
      "xray:PutTraceSegments",
      "xray:PutTelemetryRecords",
      ...(door.uses.credentials ? ["ecr:GetAuthorizationToken"] : []),
      ...(door.kind === "outbox" ? ["dynamodb:ListStreams"] : []),
    ];
    const surplus = unscoped.filter((action) => !allowed.includes(action));
    expect(surplus.filter((action) => !door.uses.ecs || !/^ecs:(List|Describe)[A-Za-z]+$/.test(action))).toEqual([]);
    expect(actionsOf(parts).filter((action) => action.includes("*"))).toEqual([]);
  });

  it("is told everything that its adapters ask for", () => {
    const environment = parseEnvironment({ ...environmentOf(parts), AWS_REGION: "eu-west-1" });
    const ports = adaptersOf(door);
    if (ports.includes("table")) expect(environment.require("table")).toMatch(/Table/);
    if (ports.includes("blobs")) expect(environment.require("bucket")).toMatch(/Bucket/);
    if (ports.includes("bus")) expect(environment.require("bus")).toMatch(/Bus/);
    if (ports.includes("secrets") || ports.includes("credentials")) {
      expect(environment.require("secretPrefix")).toBe("portwarden/");
    }
    if (ports.includes("queues")) {
      const all = stack.doors.flatMap(({ door: { kind, name } }) => (kind === "queue" || kind === "map" ? [name] : []));
      const names = door.uses.queues === "*" ? all : (door.uses.queues ?? []);
      const urls = Object.fromEntries(
        names.map((name) => [name, `https://sqs.eu-west-1.amazonaws.com/123456789012/portwarden-${name}`]),
      );
      expect(environment.require("queueUrls")).toEqual(urls);
    }
  });

  it("is told the sections of the settings that it declares, and no others", () => {
    const { PORTWARDEN_SETTINGS: text } = environmentOf(parts);
    const sections = door.settings ?? [];
    expect(Object.keys(JSON.parse(text ?? "{}") as object).sort()).toEqual([...sections].sort());
    expect(parseEnvironment(environmentOf(parts)).settings.clouds.ecs.regions).toEqual(
      sections.includes("clouds") ? ["eu-west-1"] : [],
    );
  });

  it("has an alarm for crashes, timeouts and throttling", () => {
    const alarm = properties(idOf(stack, made.alarm));
    expect(alarm["AlarmName"]).toBe(`portwarden-${door.name}-failing`);
    expect(JSON.stringify(alarm["Metrics"])).toContain(idOf(stack, made.lambda));
  });
});

it("one that sends to its own queue is not taken for a runaway loop, and nobody else is exempt", () => {
  const exempt = stack.doors.filter(({ function: { lambda } }) => properties(idOf(stack, lambda))["RecursiveLoop"]);
  const own = stack.doors.filter(({ door }) => Array.isArray(door.uses.queues) && door.uses.queues.includes(door.name));
  expect(exempt.map(({ door }) => door.name)).toEqual(own.map(({ door }) => door.name));
});

it("the one that administers the queues may bring back the dead letters of each", () => {
  const administrators = stack.doors.filter(({ door }) => door.uses.queues === "*");
  expect(administrators.length).toBeGreaterThan(0);
  const queued = stack.doors.filter(({ queue }) => queue !== undefined);
  for (const parts of administrators) {
    const resourcesOf = (action: string) =>
      rightsOf(parts)
        .filter(({ Action }) => Action.includes(action))
        .flatMap(({ Resource }) => Resource.map((resource) => deployed(resource, refer)));
    for (const { queue, deadLetters } of queued) {
      const name = String(properties(deadLetters ? idOf(stack, deadLetters) : "")["QueueName"]);
      expect(resourcesOf("sqs:StartMessageMoveTask").filter((arn) => arn.endsWith(`:${name}`))).toHaveLength(1);
      expect(resourcesOf("sqs:SendMessage")).toContain(queue && `${refer(idOf(stack, queue))}.Arn`);
    }
  }
});
