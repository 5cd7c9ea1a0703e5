/** One door as one Lambda function: its role, log group, environment and alarm, all derived from the door. */
import { Aws, Duration, Size } from "aws-cdk-lib";
import { type Alarm, MathExpression } from "aws-cdk-lib/aws-cloudwatch";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  Architecture,
  type Code,
  Function as LambdaFunction,
  RecursiveLoop,
  Runtime,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Door } from "../shared/platform/door.ts";
import { defaults } from "./door-queue.ts";
import { environmentOf, type QueuesByDoor } from "./environment.ts";
import type { Platform } from "./platform/platform.ts";
import { grantRights } from "./rights.ts";

export interface DoorFunctionProps {
  readonly door: Door;
  readonly platform: Platform;
  readonly queues: QueuesByDoor;
  readonly code: Code;
  /** Where failed asynchronous invocations end: for schedule doors. */
  readonly deadLetters?: Queue;
}

export class DoorFunction extends Construct {
  readonly lambda: LambdaFunction;
  readonly role: Role;
  readonly alarm: Alarm;

  constructor(scope: Construct, id: string, { door, platform, queues, code, deadLetters }: DoorFunctionProps) {
    super(scope, id);
    const name = `${platform.prefix}-${door.name}`;
    // A name that can be foretold, because other clouds and registries are told to trust it; roles are not regional.
    this.role = new Role(this, "Role", {
      roleName: `${name}-${Aws.REGION}`,
      description: `Portwarden function ${door.name}`,
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
    });
    const logGroup = platform.logs.group(this, "Logs", door.name);
    logGroup.grantWrite(this.role);
    grantRights({ door, role: this.role, platform, queues });
    this.lambda = new LambdaFunction(this, "Function", {
      functionName: name,
      description: door.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: "index.handler",
      code,
      role: this.role,
      logGroup,
      tracing: Tracing.ACTIVE,
      timeout: Duration.seconds(door.timeoutSeconds ?? defaults.timeoutSeconds),
      memorySize: door.memoryMegabytes ?? defaults.memoryMegabytes,
      environment: environmentOf(door, platform, queues),
      ...(door.temporaryMegabytes === undefined
        ? {}
        : { ephemeralStorageSize: Size.mebibytes(door.temporaryMegabytes) }),
      ...(deadLetters === undefined ? {} : { deadLetterQueue: deadLetters }),
      // One that wakes itself later does so on purpose; Lambda would take the sixteenth time for a mistake.
      ...(sendsToItself(door) ? { recursiveLoop: RecursiveLoop.ALLOW } : {}),
      ...(platform.keys.key === undefined ? {} : { environmentEncryption: platform.keys.key }),
      ...networkOf(platform),
    });
    this.alarm = this.#watch(door, platform);
  }

  /** Crashes, timeouts and throttling. What a door answers for itself (a message put back, a 503) is not among them. */
  #watch(door: Door, platform: Platform): Alarm {
    const period = Duration.minutes(15);
    const metric = new MathExpression({
      expression: "FILL(errors, 0) + FILL(throttles, 0)",
      label: "errors and throttles",
      period,
      usingMetrics: {
        errors: this.lambda.metricErrors({ period, statistic: "Sum" }),
        throttles: this.lambda.metricThrottles({ period, statistic: "Sum" }),
      },
    });
    const says = `${door.name} crashed, ran out of time or memory, or was throttled, at least 3 times in 15 minutes.`;
    const text = { name: `${door.name}-failing`, says, section: door.name };
    return platform.alarms.add(this, "FailingAlarm", text, { metric, threshold: 3 });
  }
}

function sendsToItself({ name, uses }: Door): boolean {
  return Array.isArray(uses.queues) && uses.queues.includes(name);
}

function networkOf({ network }: Platform) {
  return network === undefined ? {} : { vpc: network.vpc, securityGroups: [network.securityGroup] };
}
