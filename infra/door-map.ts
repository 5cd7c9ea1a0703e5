/**
 * A map door's state machine: a Distributed Map over the list that an event brings, one function for each item, no more
 * at once than the door allows. What fails for good goes to the door's dead-letter queue, item by item, and comes back
 * by the same redrive as a queue's. https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
 */
import { ArnFormat, Duration, Stack } from "aws-cdk-lib";
import { CfnRule } from "aws-cdk-lib/aws-events";
import { Grant, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { DefinitionBody, LogLevel, StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import type { MapDoor } from "../shared/platform/door.ts";
import { type DoorQueue, defaults } from "./door-queue.ts";
import type { Platform } from "./platform/platform.ts";
import { retryPolicy } from "./triggers.ts";

export interface DoorMapProps {
  readonly door: MapDoor<unknown>;
  readonly platform: Platform;
  readonly lambda: IFunction;
  readonly queue: DoorQueue;
}

export class DoorMap extends Construct {
  readonly machine: StateMachine;
  readonly role: Role;

  constructor(scope: Construct, id: string, { door, platform, lambda, queue }: DoorMapProps) {
    super(scope, id);
    const name = `${platform.prefix}-${door.name}`;
    this.role = new Role(this, "Role", { assumedBy: new ServicePrincipal("states.amazonaws.com") });
    const grant = (actions: string[], ...resourceArns: string[]) =>
      Grant.addToPrincipal({ grantee: this.role, actions, resourceArns });
    const { bucket } = platform.storage;
    grant(["s3:GetObject"], bucket.arnForObjects("*"));
    grant(["lambda:InvokeFunction"], lambda.functionArn);
    grant(["sqs:SendMessage"], queue.deadLetters.queueArn);
    // A Distributed Map starts its items as executions of the same state machine.
    const arnOf = (resource: string, resourceName: string) =>
      Stack.of(this).formatArn({ service: "states", resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
    grant(["states:StartExecution"], arnOf("stateMachine", name));
    grant(
      ["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"],
      arnOf("execution", `${name}/*`),
    );
    platform.keys.grantUse(this.role);
    this.machine = new StateMachine(this, "Machine", {
      stateMachineName: name,
      role: this.role,
      definitionBody: DefinitionBody.fromString(
        Stack.of(this).toJsonString(
          definition(door, bucket.bucketName, lambda.functionArn, queue.deadLetters.queueUrl),
        ),
      ),
      logs: { destination: platform.logs.group(this, "Logs", `${door.name}-map`), level: LogLevel.ALL },
      tracingEnabled: true,
    });
    this.#start(name, door, queue, platform);
    this.#watch(door, platform);
  }

  /** What EventBridge cannot hand over goes to the dead-letter queue, from where a redrive has it worked off alike. */
  #start(name: string, door: MapDoor<unknown>, queue: DoorQueue, { messaging }: Platform): void {
    const role = new Role(this, "StartRole", { assumedBy: new ServicePrincipal("events.amazonaws.com") });
    this.machine.grantStartExecution(role);
    messaging.admitRule(queue.deadLetters, messaging.ruleArn("portwarden", name));
    new CfnRule(this, "Rule", {
      name,
      description: `Events for ${door.name}`,
      eventBusName: messaging.bus.eventBusName,
      eventPattern: door.subscribe.pattern,
      targets: [
        {
          id: door.name,
          arn: this.machine.stateMachineArn,
          roleArn: role.roleArn,
          retryPolicy,
          deadLetterConfig: { arn: queue.deadLetters.queueArn },
        },
      ],
    });
  }

  #watch(door: MapDoor<unknown>, { alarms }: Platform): void {
    const says = `The list of ${door.name} could not be worked off: it could not be read, or failures could not be kept.`;
    const text = {
      name: `${door.name}-map-failing`,
      says,
      section: door.name,
      remedy: "Redrive the execution in the console of Step Functions: it goes on where it stopped.",
    };
    const metric = this.machine.metricFailed({ period: Duration.minutes(5), statistic: "Sum" });
    alarms.add(this, "FailedAlarm", text, { metric, threshold: 1 });
  }
}

/** Amazon States Language: https://states-language.net/spec.html */
function definition(door: MapDoor<unknown>, bucket: string, lambda: string, deadLetters: string): object {
  return {
    Comment: door.description,
    StartAt: "Items",
    States: {
      Items: {
        Type: "Map",
        Label: "Items",
        End: true,
        MaxConcurrency: door.concurrency?.aws ?? defaults.concurrency,
        ItemReader: {
          Resource: "arn:aws:states:::s3:getObject",
          ReaderConfig: { InputType: "JSON" },
          Parameters: { Bucket: bucket, "Key.$": "$.detail.items" },
        },
        ResultPath: null,
        ItemProcessor: {
          ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
          StartAt: "Item",
          States: {
            Item: {
              Type: "Task",
              Resource: "arn:aws:states:::lambda:invoke",
              Parameters: { FunctionName: lambda, "Payload.$": "$" },
              ResultSelector: {},
              Retry: [
                {
                  ErrorEquals: ["States.ALL"],
                  IntervalSeconds: 5,
                  BackoffRate: 3,
                  MaxDelaySeconds: 300,
                  JitterStrategy: "FULL",
                  MaxAttempts: (door.maxReceives ?? defaults.maxReceives) - 1,
                },
              ],
              Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.failure", Next: "Dead letter" }],
              End: true,
            },
            "Dead letter": {
              Type: "Task",
              Resource: "arn:aws:states:::sqs:sendMessage",
              Parameters: { QueueUrl: deadLetters, "MessageBody.$": "$" },
              End: true,
            },
          },
        },
      },
    },
  };
}
