/** The queue in front of a door, with its dead-letter queue and their alarms. */
import { Duration } from "aws-cdk-lib";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { MapDoor, QueueDoor } from "../shared/platform/door.ts";
import type { Platform } from "./platform/platform.ts";
import { deadLettersName, queueName } from "./rights.ts";

export const defaults = { timeoutSeconds: 30, memoryMegabytes: 512, maxReceives: 5, concurrency: 10 } as const;

/** Six times the function's time: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
const visibilityFactor = 6;
/** Messages keep their age when they become dead letters: what is left of 14 days is the time to look at them. */
const retention = Duration.days(4);
export const deadLetterRetention = Duration.days(14);

/**
 * What waits this long is not handled, whatever the reason: a disabled source, throttling, a permission. Where one
 * attempt that never ended takes longer, twice that.
 */
const backlogMinutes = 60;

export class DoorQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, door: QueueDoor<unknown> | MapDoor<unknown>, platform: Platform) {
    super(scope, id);
    this.deadLetters = deadLettersOf(this, door.name, platform, {
      says: `${door.name} could not handle messages, and they ended in its dead-letter queue.`,
      remedy: `Once the cause is mended, bring them back: npx portwarden queues redrive ${door.name}`,
    });
    const visibilitySeconds = (door.timeoutSeconds ?? defaults.timeoutSeconds) * visibilityFactor;
    this.queue = platform.messaging.queue(this, "Queue", {
      queueName: queueName(platform.prefix, door.name),
      visibilityTimeout: Duration.seconds(visibilitySeconds),
      retentionPeriod: retention,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: door.maxReceives ?? defaults.maxReceives },
    });
    const minutes = Math.max(backlogMinutes, Math.ceil((2 * visibilitySeconds) / 60));
    const says = `Messages wait for ${door.name} for over ${minutes} minutes.`;
    platform.alarms.add(
      this,
      "BacklogAlarm",
      { name: `${door.name}-backlog`, says, section: door.name },
      {
        metric: this.queue.metricApproximateAgeOfOldestMessage({ period: Duration.minutes(5), statistic: "Maximum" }),
        threshold: minutes * 60,
      },
    );
  }
}

/** A dead-letter queue and the alarm that goes off at its first message. */
export function deadLettersOf(
  scope: Construct,
  door: string,
  platform: Platform,
  text: { readonly says: string; readonly remedy: string },
): Queue {
  const queue = platform.messaging.queue(scope, "DeadLetters", {
    queueName: deadLettersName(platform.prefix, door),
    retentionPeriod: deadLetterRetention,
  });
  platform.alarms.watchDeadLetters(scope, door, queue, text);
  return queue;
}
