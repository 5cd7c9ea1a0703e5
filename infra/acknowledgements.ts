/**
 * Every rule of the nag packs that is not followed somewhere, exactly where, and why. A rule is followed unless it
 * stands here; a test counts the entries.
 */
import { type CfnResource, Stack, Validations } from "aws-cdk-lib";
import { CfnEventSourceMapping } from "aws-cdk-lib/aws-lambda";
import type { IConstruct } from "constructs";
import type { DoorParts, PortwardenStack } from "./stack.ts";

export interface Acknowledgement {
  /** The rule; with the finding in brackets where the rule tells findings apart. */
  readonly id: string;
  readonly reason: string;
  readonly on: readonly IConstruct[];
}

/** Writes the acknowledgements to the constructs they are about, where the packs look for them. */
export function acknowledge(stack: PortwardenStack): void {
  for (const { id, reason, on } of acknowledgementsOf(stack)) {
    for (const construct of on) Validations.of(construct).acknowledge({ id, reason });
  }
}

/** All of them, for this stack as it is configured. */
export function acknowledgementsOf(stack: PortwardenStack): readonly Acknowledgement[] {
  const { doors } = stack;
  return [...rights(stack), ...failures(doors), ...access(stack)];
}

const policyOf = ({ function: { role } }: DoorParts): IConstruct => role.node.findChild("DefaultPolicy");

function rights(stack: PortwardenStack): readonly Acknowledgement[] {
  const { doors, platform } = stack;
  const maps = doors.flatMap(({ map }) => map ?? []);
  const bucket = Stack.of(stack).getLogicalId(platform.storage.bucket.node.defaultChild as CfnResource);
  const secrets = `arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:${platform.secretPrefix}*`;
  return [
    ...doors.map((parts) => ({
      id: "AwsSolutions-IAM5[Resource::*]",
      reason: `These calls know no resources: ${unscopedOf(parts, stack).join("; ")}.`,
      on: [policyOf(parts)],
    })),
    {
      id: `AwsSolutions-IAM5[Resource::<${bucket}.Arn>/*]`,
      reason: "Any object of the one bucket that holds this product's documents and nothing else.",
      on: [
        ...doors.filter(({ door }) => door.uses.blobs !== undefined).map(policyOf),
        ...maps.map(({ role }) => role.node.findChild("DefaultPolicy")),
      ],
    },
    ...doors.flatMap(({ door, map }) =>
      map === undefined
        ? []
        : [
            {
              id: "AwsSolutions-IAM5[Resource::*]",
              reason: "X-Ray's sending of traces and the delivery of the state machine's log know no resources.",
              on: [map.role.node.findChild("DefaultPolicy")],
            },
            {
              id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:${platform.prefix}-${door.name}/*]`,
              reason: "The executions of this state machine itself: a Distributed Map runs its items as such.",
              on: [map.role.node.findChild("DefaultPolicy")],
            },
          ],
    ),
    {
      id: `AwsSolutions-IAM5[Resource::${secrets}]`,
      reason: "The secrets that the settings name: all below this product's own prefix, made by its operator.",
      on: doors.filter(({ door }) => door.uses.secrets || door.uses.credentials).map(policyOf),
    },
    {
      id: "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ecr:*:*:repository/*]",
      reason:
        "Pulls (and only reads) whatever image was pushed or runs; other accounts' own policies decide for theirs.",
      on: doors.filter(({ door }) => door.uses.credentials).map(policyOf),
    },
  ];
}

/** Why a door's policy has a `*`; a test checks that it has no other calls on it. */
function unscopedOf({ door }: DoorParts, { platform }: PortwardenStack): readonly string[] {
  return [
    "X-Ray's sending of traces",
    ...(door.uses.credentials ? ["the token of ECR, and for other clouds' registries that of STS"] : []),
    ...(door.uses.ecs ? ["the reading of ECS clusters, of which any may change"] : []),
    ...(door.kind === "outbox" ? ["the listing of DynamoDB streams, which Lambda asks for"] : []),
    ...(platform.network === undefined ? [] : ["the network interfaces that Lambda makes in the VPC"]),
  ];
}

function failures(doors: readonly DoorParts[]): readonly Acknowledgement[] {
  const mappings = doors
    .filter(({ door }) => door.kind === "queue" || door.kind === "map")
    .flatMap(({ function: { lambda } }) => lambda.node.findAll().filter((one) => one instanceof CfnEventSourceMapping));
  return [
    {
      id: "Serverless-LambdaDLQ",
      reason:
        "Never invoked asynchronously: its queue, its stream's failure destination or its caller hears of failures.",
      on: doors.filter(({ door }) => door.kind !== "schedule").map(({ function: { lambda } }) => lambda),
    },
    {
      id: "Serverless-LambdaEventSourceMappingDestination",
      reason: "SQS event sources have no failure destination: the queue's redrive policy is theirs.",
      on: mappings,
    },
    {
      id: "Serverless-SQSRedrivePolicy",
      reason: "It is a dead-letter queue itself, with an alarm at its first message.",
      on: doors.flatMap(({ deadLetters }) => (deadLetters === undefined ? [] : [deadLetters])),
    },
    {
      id: "AwsSolutions-SQS3",
      reason: "It is a dead-letter queue itself, of a stream, which the rule does not look for.",
      on: doors.flatMap(({ door, deadLetters }) =>
        door.kind === "outbox" && deadLetters !== undefined ? [deadLetters] : [],
      ),
    },
  ];
}

function access({ platform }: PortwardenStack): readonly Acknowledgement[] {
  return [
    {
      id: "AwsSolutions-APIG4",
      reason:
        "Open on purpose: webhooks prove their sender by signature or token in the function; health tells nothing.",
      on: platform.api.openRoutes,
    },
    {
      id: "Serverless-SNSRedrivePolicy",
      reason: "SNS itself repeats email for hours, and the alarm stays visible whether or not it arrives.",
      on: [platform.alarms.email],
    },
    {
      id: "@aws-cdk/aws-ec2:noSubnetRouteTableId",
      reason: "Nothing here looks at the route tables of subnets that were there before.",
      on: platform.options.network?.kind === "existing" ? (platform.network?.vpc.privateSubnets ?? []) : [],
    },
  ];
}
