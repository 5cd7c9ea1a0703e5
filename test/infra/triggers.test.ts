import { describe, expect, it } from "vitest";
import type { DoorParts } from "../../infra/stack.ts";
import { outboxWrite } from "../../shared/events/outbox.ts";
import { idOf, ofType, type Resource, statementsOf, synthesise } from "./template.ts";

const { stack, template } = synthesise();
const properties = (id: string) => template.Resources[id]?.Properties ?? {};
const arn = (id: string) => ({ "Fn::GetAtt": [id, "Arn"] });
const alarms = ofType(template, "AWS::CloudWatch::Alarm").map(([, { Properties }]) => Properties);
const alarmOn = (queue: string, metric: string) =>
  alarms.find(
    (alarm) =>
      alarm["MetricName"] === metric &&
      JSON.stringify(alarm["Dimensions"]).includes(JSON.stringify([queue, "QueueName"])),
  );
const named = (name: string) =>
  stack.doors.filter(({ door }) => door.kind === name).map((parts) => ({ name: parts.door.name, parts }));
const rules = ofType(template, "AWS::Events::Rule").map(([, { Properties }]) => Properties);
const mappingOf = ({ function: { lambda } }: DoorParts) =>
  ofType(template, "AWS::Lambda::EventSourceMapping")
    .map(([, { Properties }]) => Properties)
    .filter(({ FunctionName }) => JSON.stringify(FunctionName) === JSON.stringify({ Ref: idOf(stack, lambda) }));

describe.each(named("queue"))("the queue of $name", ({ name, parts }) => {
  const { door, queue, deadLetters } = parts;
  if (door.kind !== "queue" || queue === undefined || deadLetters === undefined) throw new Error("no queue was made");
  const id = idOf(stack, queue);
  const timeout = door.timeoutSeconds ?? 30;

  it("waits six times the function's time, then has a dead-letter queue", () => {
    expect(properties(id)).toMatchObject({
      QueueName: `portwarden-${name}`,
      VisibilityTimeout: 6 * timeout,
      RedrivePolicy: { deadLetterTargetArn: arn(idOf(stack, deadLetters)), maxReceiveCount: door.maxReceives ?? 5 },
    });
  });

  it("is consumed message by message, by no more functions than the door allows", () => {
    expect(mappingOf(parts)).toMatchObject([
      {
        EventSourceArn: arn(id),
        BatchSize: timeout >= 60 ? 1 : 10,
        FunctionResponseTypes: ["ReportBatchItemFailures"],
        ScalingConfig: { MaximumConcurrency: Math.max(2, door.concurrency?.aws ?? 10) },
      },
    ]);
  });

  it("gets the events that the door subscribes to, and keeps those that cannot be delivered", () => {
    const own = rules.filter((rule) => rule["Name"] === `portwarden-${name}` && rule["EventPattern"] !== undefined);
    if (door.subscribe === undefined) return expect(own).toEqual([]);
    expect(own).toMatchObject([
      {
        EventPattern: door.subscribe.pattern,
        Targets: [
          {
            Arn: arn(id),
            DeadLetterConfig: { Arn: arn(idOf(stack, deadLetters)) },
            RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
          },
        ],
      },
    ]);
    expect(own[0]?.["EventBusName"] === undefined).toBe(door.subscribe.bus === "default");
    for (const target of [queue, deadLetters]) {
      const [policy] = policiesOf(idOf(stack, target));
      const bus = door.subscribe.bus === "default" ? "" : "portwarden/";
      expect(JSON.stringify(policy)).toContain(`:rule/${bus}portwarden-${name}"`);
    }
  });

  it("has alarms that name the runbook and the redrive", () => {
    expect(alarmOn(id, "ApproximateAgeOfOldestMessage")?.["AlarmDescription"]).toContain(`docs/runbook.md#${name}`);
    expect(alarmOn(idOf(stack, deadLetters), "ApproximateNumberOfMessagesVisible")?.["AlarmDescription"]).toContain(
      `npx portwarden queues redrive ${name}`,
    );
  });
});

function policiesOf(queue: string): readonly Resource[] {
  return ofType(template, "AWS::SQS::QueuePolicy")
    .map(([, policy]) => policy)
    .filter(({ Properties }) => JSON.stringify(Properties["Queues"]).includes(`"${queue}"`));
}

describe.each(ofType(template, "AWS::SQS::Queue").map(([id]) => ({ id })))("queue $id", ({ id }) => {
  const queue = properties(id);

  it("is encrypted and closed to plain HTTP", () => {
    expect(queue["SqsManagedSseEnabled"]).toBe(true);
    expect(JSON.stringify(policiesOf(id))).toContain('"aws:SecureTransport":"false"');
  });

  it("has a dead-letter queue, or is one: kept for 14 days, with an alarm at the first message", () => {
    if (queue["RedrivePolicy"] !== undefined) return;
    expect(queue["QueueName"]).toMatch(/-dead$/);
    expect(queue["MessageRetentionPeriod"]).toBe(14 * 86_400);
    expect(alarmOn(id, "ApproximateNumberOfMessagesVisible")).toMatchObject({
      Threshold: 1,
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      TreatMissingData: "notBreaching",
    });
  });
});

describe.each(named("schedule"))("the schedule of $name", ({ name, parts }) => {
  const { door, deadLetters } = parts;
  if (door.kind !== "schedule" || deadLetters === undefined) throw new Error("no schedule was made");

  it("runs as often as the door says; what fails is kept", () => {
    const [rule] = rules.filter((one) => one["Name"] === `portwarden-${name}`);
    expect(minutesOf(String(rule?.["ScheduleExpression"]))).toBe(door.everyMinutes);
    const dead = arn(idOf(stack, deadLetters));
    expect(rule?.["Targets"]).toMatchObject([{ DeadLetterConfig: { Arn: dead }, RetryPolicy: {} }]);
    expect(properties(idOf(stack, parts.function.lambda))["DeadLetterConfig"]).toEqual({ TargetArn: dead });
  });
});

function minutesOf(expression: string): number | undefined {
  const [, count, unit = ""] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  return Number(count) * ({ minute: 1, hour: 60, day: 1440 }[unit] ?? Number.NaN);
}

function filtersOf(mapping: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const { Filters = [] } = (mapping?.["FilterCriteria"] ?? {}) as { Filters?: { Pattern: string }[] };
  return Filters.map(({ Pattern }) => Pattern);
}

describe.each(named("outbox"))("the stream of $name", ({ parts }) => {
  it("gives outbox records only, again and again, and tells what it gave up", () => {
    const [mapping, ...others] = mappingOf(parts);
    expect(others).toEqual([]);
    expect(mapping).toMatchObject({
      StartingPosition: "TRIM_HORIZON",
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      DestinationConfig: { OnFailure: { Destination: arn(idOf(stack, parts.deadLetters ?? stack)) } },
    });
    expect(Number(mapping?.["MaximumRecordAgeInSeconds"])).toBeLessThan(86_400);
    const [filter = "", ...more] = filtersOf(mapping);
    expect(more).toEqual([]);
    const event = {
      type: "DeliveryRequested",
      id: "1",
      time: "2026-01-01T00:00:00Z",
      data: { deliveryId: "d", route: "r" },
    } as const;
    const write = outboxWrite(event, 0);
    const pk = "put" in write ? write.put.pk : "";
    expect(JSON.parse(filter)).toEqual({
      eventName: ["INSERT", "MODIFY"],
      dynamodb: { Keys: { pk: { S: [{ prefix: expect.any(String) }] } } },
    });
    const prefix = /"prefix":"([^"]+)"/.exec(filter)?.[1];
    expect(pk.startsWith(prefix ?? "?")).toBe(true);
  });

  it("has an alarm for lateness", () => {
    expect(alarms.filter((alarm) => alarm["MetricName"] === "IteratorAge")).toHaveLength(named("outbox").length);
  });
});

describe("the HTTP API", () => {
  const routes = ofType(template, "AWS::ApiGatewayV2::Route").map(([, { Properties }]) => Properties);

  it.each(named("http"))("serves the routes of $name, with a token where the door says so", ({ parts: { door } }) => {
    if (door.kind !== "http") throw new Error("not an HTTP door");
    for (const key of door.routes) {
      const [route, ...others] = routes.filter(({ RouteKey }) => RouteKey === key);
      expect(others).toEqual([]);
      expect([key, route?.["AuthorizationType"]]).toEqual([key, door.access === "token" ? "JWT" : "NONE"]);
      expect(route?.["AuthorizerId"] !== undefined).toBe(door.access === "token");
    }
  });

  it("serves nothing else", () => {
    const declared = stack.doors.flatMap(({ door }) => (door.kind === "http" ? door.routes : []));
    expect(new Set(routes.map(({ RouteKey }) => RouteKey))).toEqual(new Set(declared));
    expect(routes).toHaveLength(declared.length);
  });

  it("logs each request without its query, and is throttled", () => {
    const [[, stage] = []] = ofType(template, "AWS::ApiGatewayV2::Stage");
    const settings = stage?.Properties as {
      AccessLogSettings: { Format: string };
      DefaultRouteSettings: { ThrottlingRateLimit: number; ThrottlingBurstLimit: number };
    };
    const format = JSON.parse(settings.AccessLogSettings.Format) as Record<string, string>;
    expect(format["path"]).toBe("$context.path");
    expect(JSON.stringify(format)).not.toMatch(/querystring|header/i);
    expect(settings.DefaultRouteSettings.ThrottlingRateLimit).toBeGreaterThan(0);
    expect(settings.DefaultRouteSettings.ThrottlingBurstLimit).toBeGreaterThan(0);
  });

  it("asks for issuer and audience at deployment", () => {
    const [[, authorizer] = []] = ofType(template, "AWS::ApiGatewayV2::Authorizer");
    expect(authorizer?.Properties["JwtConfiguration"]).toEqual({
      Issuer: { Ref: "JwtIssuer" },
      Audience: [{ Ref: "JwtAudience" }],
    });
    expect(template.Parameters["JwtIssuer"]).not.toHaveProperty("Default");
  });
});

describe.each(named("map"))("the map of $name", ({ name, parts }) => {
  const { door, queue, deadLetters, map, function: made } = parts;
  if (door.kind !== "map" || !queue || !deadLetters || !map) throw new Error("no map was made");
  const machine = properties(idOf(stack, map.machine));
  const text = (value: unknown): string =>
    typeof value === "string"
      ? value
      : (value as { "Fn::Join": [string, unknown[]] })["Fn::Join"][1]
          .map((part) => (typeof part === "string" ? part : JSON.stringify(part).replaceAll('"', "'")))
          .join("");
  const definition = JSON.parse(text(machine["DefinitionString"])) as {
    States: { Items: Record<string, unknown> & { ItemProcessor: { States: Record<string, Record<string, unknown>> } } };
  };
  const { Items } = definition.States;

  it("works off the list that the event names, so many at once as the door allows", () => {
    expect(Items).toMatchObject({
      Type: "Map",
      MaxConcurrency: door.concurrency?.aws ?? 10,
      ItemReader: {
        Resource: "arn:aws:states:::s3:getObject",
        ReaderConfig: { InputType: "JSON" },
        Parameters: { "Key.$": "$.detail.items" },
      },
      ItemProcessor: { ProcessorConfig: { Mode: "DISTRIBUTED" } },
    });
    const item = Items.ItemProcessor.States["Item"];
    expect(JSON.stringify(item?.["Parameters"])).toContain(idOf(stack, made.lambda));
  });

  it("tries each item as often as the door says, then keeps it among the dead letters that a redrive brings back", () => {
    const { Item, "Dead letter": dead } = Items.ItemProcessor.States;
    expect(Item?.["Retry"]).toMatchObject([{ ErrorEquals: ["States.ALL"], MaxAttempts: (door.maxReceives ?? 5) - 1 }]);
    expect(Item?.["Catch"]).toMatchObject([{ ErrorEquals: ["States.ALL"], Next: "Dead letter" }]);
    expect(JSON.stringify(dead?.["Parameters"])).toContain(idOf(stack, deadLetters));
    expect(mappingOf(parts)).toMatchObject([{ EventSourceArn: arn(idOf(stack, queue)) }]);
  });

  it("is started by the door's event, which goes to the dead letters when it cannot be", () => {
    const own = rules.filter((rule) => rule["Name"] === `portwarden-${name}`);
    expect(own).toMatchObject([
      {
        EventPattern: door.subscribe.pattern,
        Targets: [{ Arn: { Ref: idOf(stack, map.machine) }, DeadLetterConfig: { Arn: arn(idOf(stack, deadLetters)) } }],
      },
    ]);
  });

  it("may invoke its function, read the list and keep what failed, and nothing else", () => {
    const policies = ofType(template, "AWS::IAM::Policy").filter(([, { Properties }]) =>
      JSON.stringify(Properties["Roles"]).includes(idOf(stack, map.role)),
    );
    const actions = policies.flatMap(([, { Properties }]) =>
      statementsOf(Properties["PolicyDocument"]).flatMap(({ Action }) => Action),
    );
    expect(actions.filter((action) => !/^(logs|xray):/.test(action)).sort()).toEqual([
      "lambda:InvokeFunction",
      "s3:GetObject",
      "sqs:SendMessage",
      "states:DescribeExecution",
      "states:RedriveExecution",
      "states:StartExecution",
      "states:StopExecution",
    ]);
  });

  it("logs everything, and goes off when an execution fails", () => {
    expect(machine).toMatchObject({ LoggingConfiguration: { Level: "ALL" }, TracingConfiguration: { Enabled: true } });
    expect(alarms.some((alarm) => alarm["AlarmName"] === `portwarden-${name}-map-failing`)).toBe(true);
  });
});
