/**
 * The rights of a function, from what its door declares: each port's adapter names in its first comment the calls it
 * makes, and these are granted, on the resources of this stack. `*` stands where the service knows no resources for a
 * call (each such place has an acknowledgement in `acknowledgements.ts`).
 */
import { Stack } from "aws-cdk-lib";
import { Grant, type Role } from "aws-cdk-lib/aws-iam";
import { assertionAudience } from "../shared/clouds/azure/registry-credentials.ts";
import { subjectAudience } from "../shared/clouds/google/registry-credentials.ts";
import { quarantinePrefix } from "../shared/platform/aws/quarantine.ts";
import type { Door } from "../shared/platform/door.ts";
import { type QueuesByDoor, queuesOf } from "./environment.ts";
import type { Platform } from "./platform/platform.ts";

interface Granting {
  readonly door: Door;
  readonly role: Role;
  readonly platform: Platform;
  readonly queues: QueuesByDoor;
}

/** The calls without resources of their own: who has one of them has it on `*`. */
export const unscopedCalls = {
  credentials: ["ecr:GetAuthorizationToken"],
  webIdentity: ["sts:GetWebIdentityToken"],
  ecs: [
    "ecs:ListClusters",
    "ecs:DescribeClusters",
    "ecs:ListServices",
    "ecs:DescribeServices",
    "ecs:ListTasks",
    "ecs:DescribeTasks",
    "ecs:DescribeTaskDefinition",
  ],
} as const;

/** Grants what `door.uses` says, and the quarantine that every door but HTTP's writes to. */
export function grantRights(granting: Granting): void {
  const { door, role, platform } = granting;
  platform.keys.grantUse(role);
  platform.network?.grantInterfaces(role);
  grantTable(granting);
  grantBlobs(granting);
  if (door.uses.bus) grant(role, ["events:PutEvents"], [platform.messaging.bus.eventBusArn]);
  grantQueues(granting);
  if (door.uses.secrets || door.uses.credentials) grantSecrets(granting);
  if (door.uses.mailer) grantMail(granting);
  if (door.uses.credentials) grantRegistries(granting);
  if (door.uses.ecs) grant(role, unscopedCalls.ecs, ["*"]);
}

/** What the product asks for is good for five minutes. */
const webIdentitySeconds = 300;

type Conditions = Record<string, Record<string, unknown>>;

function grant(
  grantee: Role,
  actions: readonly string[],
  resourceArns: readonly string[],
  conditions?: Conditions,
): void {
  const condition = conditions === undefined ? {} : { conditions };
  Grant.addToPrincipal({ grantee, actions: [...actions], resourceArns: [...resourceArns], ...condition });
}

const tableReads = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:ConditionCheckItem"];
const tableWrites = ["dynamodb:UpdateItem", "dynamodb:DeleteItem"];

function grantTable({ door, role, platform }: Granting): void {
  const { tableArn } = platform.storage.table;
  if (door.uses.table !== undefined) grant(role, tableReads, [tableArn]);
  if (door.uses.table === "write") grant(role, tableWrites, [tableArn]);
  else if (door.kind !== "http") {
    const own = { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": [quarantinePrefix + door.name] } };
    grant(role, ["dynamodb:UpdateItem"], [tableArn], own);
  }
}

function grantBlobs({ door, role, platform }: Granting): void {
  if (door.uses.blobs === undefined) return;
  const { bucket } = platform.storage;
  // Without the right to list, S3 answers 403 for an absent object instead of 404.
  grant(role, ["s3:ListBucket"], [bucket.bucketArn]);
  grant(role, ["s3:GetObject"], [bucket.arnForObjects("*")]);
  if (door.uses.blobs === "write") grant(role, ["s3:PutObject", "s3:DeleteObject"], [bucket.arnForObjects("*")]);
}

function grantQueues({ door, role, queues, platform }: Granting): void {
  const sendable = queuesOf(door, queues).map(([, queue]) => queue.queueArn);
  if (sendable.length > 0) grant(role, ["sqs:SendMessage"], sendable);
  if (door.uses.queues !== "*") return;
  const dead = [...queues.keys()].map((name) => deadLettersArn(platform, name));
  grant(role, ["sqs:GetQueueAttributes"], [...sendable, ...dead]);
  grant(role, ["sqs:StartMessageMoveTask", "sqs:ReceiveMessage", "sqs:DeleteMessage"], dead);
}

/** Names of queues and of their dead-letter queues. */
export const queueName = (prefix: string, door: string) => `${prefix}-${door}`;
export const deadLettersName = (prefix: string, door: string) => `${prefix}-${door}-dead`;

function deadLettersArn(platform: Platform, door: string): string {
  return Stack.of(platform).formatArn({ service: "sqs", resource: deadLettersName(platform.prefix, door) });
}

function grantSecrets({ role, platform }: Granting): void {
  const { partition, region, account } = Stack.of(platform);
  const arn = `arn:${partition}:secretsmanager:${region}:${account}:secret:${platform.secretPrefix}*`;
  grant(role, ["secretsmanager:GetSecretValue"], [arn]);
}

/** The senders' own identities and those of their domains, unless the options name the identities. */
function grantMail({ role, platform }: Granting): void {
  const { mailIdentities, settings } = platform.options;
  const senders = settings.parsed.notifications.routes.flatMap(({ target }) =>
    target.channel === "email" ? [target.from, target.from.slice(target.from.lastIndexOf("@") + 1)] : [],
  );
  const identities = [...new Set(mailIdentities ?? senders)];
  if (identities.length === 0) return;
  const arnOf = (resourceName: string) =>
    Stack.of(platform).formatArn({ service: "ses", resource: "identity", resourceName });
  grant(role, ["ses:SendEmail"], identities.map(arnOf));
}

/** Any repository of any account: the other account's own policy decides whether it lets this role in. */
function grantRegistries({ role, platform }: Granting): void {
  grant(role, unscopedCalls.credentials, ["*"]);
  const repositories = `arn:${Stack.of(platform).partition}:ecr:*:*:repository/*`;
  grant(role, ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"], [repositories]);
  const { azure, google } = platform.options.settings.parsed.registries;
  const audiences = [
    ...(azure === undefined ? [] : [assertionAudience]),
    ...(google === undefined ? [] : [subjectAudience(google.audience)]),
  ];
  if (audiences.length === 0) return;
  grant(role, unscopedCalls.webIdentity, ["*"], {
    "ForAllValues:StringEquals": { "sts:IdentityTokenAudience": audiences },
    NumericLessThanEquals: { "sts:DurationSeconds": webIdentitySeconds },
  });
}
