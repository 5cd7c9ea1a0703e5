/** What wakes a function, by the kind of its door. */
import { Duration } from "aws-cdk-lib";
import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import { CfnRule, Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction as LambdaTarget } from "aws-cdk-lib/aws-events-targets";
import { Grant } from "aws-cdk-lib/aws-iam";
import {
  FilterCriteria,
  FilterRule,
  type IEventSourceDlq,
  type IFunction,
  StartingPosition,
} from "aws-cdk-lib/aws-lambda";
import { DynamoEventSource, SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { outboxPrefix } from "../shared/events/outbox.ts";
import type { MapDoor, OutboxDoor, QueueDoor, ScheduleDoor } from "../shared/platform/door.ts";
import { type DoorQueue, defaults } from "./door-queue.ts";
import type { Platform } from "./platform/platform.ts";

/** EventBridge's own time and number of tries, after which the event goes to the dead-letter queue. */
export const retryPolicy = { maximumEventAgeInSeconds: 24 * 3600, maximumRetryAttempts: 185 };

/** A function that may run a minute or more takes one message at a time: a batch would hold up the rest of it. */
const slowSeconds = 60;
const batchSize = 10;
/** The least that SQS event sources can be limited to. */
const leastConcurrency = 2;

/**
 * The events that a door subscribes to, into its queue. The rule is written in CloudFormation's own form: the CDK's
 * knows no `$or`. What cannot be delivered goes to the queue's own dead-letter queue, from where it is redriven alike.
 */
export function subscribe(scope: Construct, door: QueueDoor<unknown>, queue: DoorQueue, platform: Platform): void {
  if (door.subscribe === undefined) return;
  const { bus, pattern } = door.subscribe;
  const name = `${platform.prefix}-${door.name}`;
  const arn = platform.messaging.ruleArn(bus, name);
  platform.messaging.admitRule(queue.queue, arn);
  platform.messaging.admitRule(queue.deadLetters, arn);
  new CfnRule(scope, "Rule", {
    name,
    description: `Events for ${door.name}`,
    ...(bus === "default" ? {} : { eventBusName: platform.messaging.bus.eventBusName }),
    eventPattern: pattern,
    targets: [
      {
        id: door.name,
        arn: queue.queue.queueArn,
        retryPolicy,
        deadLetterConfig: { arn: queue.deadLetters.queueArn },
      },
    ],
  });
}

/** Each message fails for itself; no more functions run at once than the door allows. */
export function consume(door: QueueDoor<unknown> | MapDoor<unknown>, queue: Queue, handler: IFunction): void {
  const slow = (door.timeoutSeconds ?? defaults.timeoutSeconds) >= slowSeconds;
  handler.addEventSource(
    new SqsEventSource(queue, {
      batchSize: slow ? 1 : batchSize,
      maxConcurrency: Math.max(leastConcurrency, door.concurrency?.aws ?? defaults.concurrency),
      reportBatchItemFailures: true,
    }),
  );
}

/** A rate. The dead-letter queue takes what EventBridge cannot hand over; the function's own takes what failed. */
export function repeat(
  scope: Construct,
  door: ScheduleDoor,
  handler: IFunction,
  deadLetters: Queue,
  platform: Platform,
): void {
  const minutes = platform.options.schedules[door.name] ?? door.everyMinutes;
  new Rule(scope, "Schedule", {
    ruleName: `${platform.prefix}-${door.name}`,
    description: `Runs ${door.name} every ${minutes} minutes`,
    schedule: Schedule.rate(Duration.minutes(minutes)),
    targets: [
      new LambdaTarget(handler, {
        deadLetterQueue: deadLetters,
        retryAttempts: retryPolicy.maximumRetryAttempts,
        // Later than the next run it is of no use.
        maxEventAge: Duration.minutes(Math.min(minutes, 24 * 60)),
      }),
    ],
  });
}

/** How old a record of the stream may grow before it is given up; the stream itself forgets after 24 hours. */
const mostAge = Duration.hours(12);
const lateMinutes = 10;

/**
 * The table's stream, filtered to what was written to outbox partitions. The function sets aside by itself what fails
 * for good, so a batch that keeps failing means that the bus cannot be reached, or a crash, which bisecting corners.
 */
export function relay(
  scope: Construct,
  door: OutboxDoor,
  handler: IFunction,
  deadLetters: Queue,
  platform: Platform,
): void {
  const pk = { S: FilterRule.beginsWith(outboxPrefix) };
  handler.addEventSource(
    new DynamoEventSource(platform.storage.table as ITable, {
      startingPosition: StartingPosition.TRIM_HORIZON,
      filters: [FilterCriteria.filter({ eventName: FilterRule.or("INSERT", "MODIFY"), dynamodb: { Keys: { pk } } })],
      batchSize: 100,
      parallelizationFactor: 4,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      retryAttempts: 10_000,
      maxRecordAge: mostAge,
      onFailure: destination(deadLetters),
    }),
  );
  const says = `${door.name} is over ${lateMinutes} minutes behind the table: events are late.`;
  platform.alarms.add(
    scope,
    "LateAlarm",
    { name: `${door.name}-late`, says, section: door.name },
    {
      metric: handler.metric("IteratorAge", { period: Duration.minutes(5), statistic: "Maximum" }),
      threshold: lateMinutes * 60_000,
    },
  );
}

/** The queue as the stream's failure destination, with the one right that Lambda needs for it. */
function destination(queue: Queue): IEventSourceDlq {
  return {
    bind(_, handler) {
      Grant.addToPrincipal({ grantee: handler, actions: ["sqs:SendMessage"], resourceArns: [queue.queueArn] });
      return { destination: queue.queueArn };
    },
  };
}
