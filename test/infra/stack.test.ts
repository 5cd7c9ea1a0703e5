import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { App } from "aws-cdk-lib";
import { Policy } from "aws-cdk-lib/aws-iam";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";
import { afterAll, describe, expect, it } from "vitest";
import { acknowledgementsOf } from "../../infra/acknowledgements.ts";
import { deployOptions } from "../../infra/options.ts";
import { PortwardenStack } from "../../infra/stack.ts";
import { context, idOf, ofType, statementsOf, synthesise } from "./template.ts";

const directory = mkdtempSync(join(tmpdir(), "portwarden-infra-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const file = (name: string, text: string) => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};

/** A stack that nothing is acknowledged in. */
function bare(extra: Readonly<Record<string, unknown>> = {}): PortwardenStack {
  const app = new App({ context: context(extra) });
  return new PortwardenStack(app, "Portwarden", { options: deployOptions(app.node), bundles: undefined });
}

describe("the nag packs", () => {
  /** Path and rule of everything that the packs object to. */
  function objections(stack: PortwardenStack): readonly string[] {
    return [new AwsSolutionsChecks(), new ServerlessChecks()]
      .flatMap((pack) => pack.validateScope(stack).violations)
      .flatMap(({ ruleName, violatingResources }) =>
        violatingResources.map(({ constructPath }) => `${constructPath} ${ruleName}`),
      );
  }

  it.each<[string, Record<string, unknown>]>([
    ["as it comes", {}],
    ["in its own VPC with its own key", { vpc: "new", customerManagedKeys: true }],
  ])("object only to what is acknowledged, and every acknowledgement is needed: %s", (_, extra) => {
    const stack = bare(extra);
    const acknowledged = acknowledgementsOf(stack).flatMap(({ id, on }) =>
      on.map((one) => [one.node.path, id] as const),
    );
    const all = objections(stack);
    expect(all.length).toBeGreaterThan(0);
    const covered = (objection: string) =>
      acknowledged.some(([path, id]) => objection.startsWith(path) && objection.endsWith(` ${id}`));
    expect(all.filter((objection) => !covered(objection))).toEqual([]);
    const idle = acknowledged.filter(
      ([path, id]) => !all.some((objection) => objection.startsWith(path) && objection.endsWith(` ${id}`)),
    );
    expect(idle).toEqual([]);
  });

  it("are answered by these acknowledgements, each with its reason", () => {
    const all = acknowledgementsOf(bare());
    const doors = bare().doors.length;
    const rules = new Map<string, number>();
    for (const { id } of all) rules.set(id.replace(/\[.*/, ""), (rules.get(id.replace(/\[.*/, "")) ?? 0) + 1);
    expect(Object.fromEntries(rules)).toEqual({
      // One for each function's calls without resources, one each for objects, secrets and repositories; of the state
      // machine its calls without resources, and its own executions.
      "AwsSolutions-IAM5": doors + 3 + 2,
      "AwsSolutions-APIG4": 1,
      "AwsSolutions-SQS3": 1,
      "Serverless-LambdaDLQ": 1,
      "Serverless-LambdaEventSourceMappingDestination": 1,
      "Serverless-SQSRedrivePolicy": 1,
      "Serverless-SNSRedrivePolicy": 1,
      "@aws-cdk/aws-ec2:noSubnetRouteTableId": 1,
    });
    for (const { reason } of all) expect(reason.length).toBeGreaterThan(30);
  });
});

describe("the stack with its own key, in its own VPC", () => {
  const { stack, template } = synthesise({
    vpc: "new",
    customerManagedKeys: "true",
    name: "Portwarden-Staging",
    logDays: "90",
    schedules: "sweep-clusters=20,refresh-advisories=1440",
    settings: file(
      "portwarden.yaml",
      [
        "registries: { azure: { tenantId: t, clientId: c }, google: { audience: //iam.googleapis.com/provider } }",
        "clouds: { ecs: { settleSeconds: 30 } }",
        "notifications:",
        "  routes:",
        "    - { name: ops, target: { channel: email, from: warden@example.com, to: [ops@example.com] } }",
      ].join("\n"),
    ),
    slackSecret: "slack-webhook",
    registries: "*.example.com, ghcr.io",
  });
  const environmentOf = (name: string) => {
    const [, lambda] = ofType(template, "AWS::Lambda::Function").find(
      ([, { Properties }]) => Properties["FunctionName"] === `portwarden-staging-${name}`,
    ) ?? ["", undefined];
    return (lambda?.Properties["Environment"] as { Variables: Record<string, unknown> } | undefined)?.Variables ?? {};
  };

  it("encrypts everything with that key", () => {
    const key = ofType(template, "AWS::KMS::Key")[0]?.[0] ?? "";
    const types = [
      "AWS::DynamoDB::Table",
      "AWS::SQS::Queue",
      "AWS::Events::EventBus",
      "AWS::Events::Archive",
      "AWS::SNS::Topic",
      "AWS::Logs::LogGroup",
      "AWS::Lambda::Function",
    ];
    for (const type of types) {
      const all = ofType(template, type);
      expect(all.length).toBeGreaterThan(0);
      for (const [id, resource] of all)
        expect([id, JSON.stringify(resource.Properties).includes(`"${key}"`)]).toEqual([id, true]);
    }
    expect(JSON.stringify(template.Resources[idOf(stack, stack.platform.storage.bucket)])).toContain(`"${key}"`);
    expect(template.Resources[key]?.DeletionPolicy).toBe("Retain");
  });

  it("runs every function in the private subnets, with no way in", () => {
    const [group, ...more] = ofType(template, "AWS::EC2::SecurityGroup");
    expect(more).toEqual([]);
    expect(group?.[1].Properties).not.toHaveProperty("SecurityGroupIngress");
    for (const [, { Properties }] of ofType(template, "AWS::Lambda::Function")) {
      expect(JSON.stringify(Properties["VpcConfig"])).toMatch(/functionsSubnet1.*functionsSubnet2/);
    }
  });

  it("is named after the stack everywhere", () => {
    for (const [, { Properties }] of ofType(template, "AWS::SQS::Queue")) {
      expect(Properties["QueueName"]).toMatch(/^portwarden-staging-/);
    }
    expect(environmentOf("scan-image")["PORTWARDEN_SECRET_PREFIX"]).toBe("portwarden-staging/");
  });

  it("gives doors the settings of the file and of the context", () => {
    const settings = JSON.parse(String(environmentOf("scan-image")["PORTWARDEN_SETTINGS"])) as Record<string, unknown>;
    expect(settings["registries"]).toEqual({
      azure: { tenantId: "t", clientId: "c" },
      google: { audience: "//iam.googleapis.com/provider" },
      allow: ["*.example.com", "ghcr.io"],
    });
    expect(settings["notifications"]).toMatchObject({ routes: [{ name: "ops" }, { name: "slack" }] });
    expect(JSON.stringify(environmentOf("sweep-clusters")["PORTWARDEN_SETTINGS"])).toContain('\\"settleSeconds\\":30');
    expect(JSON.stringify(environmentOf("registry-webhook"))).not.toContain("slack-webhook");
  });

  it("lets only the senders of the settings send, and asks for web identity only for other clouds", () => {
    const statements = ofType(template, "AWS::IAM::Policy").flatMap(([, { Properties }]) =>
      statementsOf(Properties["PolicyDocument"]),
    );
    const mail = statements.filter(({ Action }) => Action.includes("ses:SendEmail"));
    expect(mail).toHaveLength(1);
    expect(JSON.stringify(mail[0]?.Resource)).toMatch(/identity\/example\.com".*identity\/warden@example\.com"/);
    const identity = statements.filter(({ Action }) => Action.includes("sts:GetWebIdentityToken"));
    expect(identity).toMatchObject([
      {
        Action: ["sts:GetWebIdentityToken"],
        Condition: {
          "ForAllValues:StringEquals": {
            "sts:IdentityTokenAudience": ["api://AzureADTokenExchange", "https://iam.googleapis.com/provider"],
          },
          NumericLessThanEquals: { "sts:DurationSeconds": 300 },
        },
      },
    ]);
    const scan = bare()
      .doors.find(({ door }) => door.uses.credentials)
      ?.function.role.node.findChild("DefaultPolicy");
    const plain = scan instanceof Policy ? JSON.stringify(scan.document.toJSON()) : "";
    expect(plain).toContain("ecr:GetAuthorizationToken");
    expect(plain).not.toContain("sts:GetWebIdentityToken");
  });

  it("runs schedules as often as the context says, and logs as long", () => {
    const rates = ofType(template, "AWS::Events::Rule").map(([, { Properties }]) => [
      Properties["Name"],
      Properties["ScheduleExpression"],
    ]);
    expect(rates).toContainEqual(["portwarden-staging-sweep-clusters", "rate(20 minutes)"]);
    expect(rates).toContainEqual(["portwarden-staging-refresh-advisories", "rate(1 day)"]);
    for (const [, { Properties }] of ofType(template, "AWS::Logs::LogGroup")) {
      expect(Properties["RetentionInDays"]).toBe(90);
    }
  });

  it("keeps the state when it is removed: table, bucket, access logs, key; and nothing else", () => {
    const kept = Object.values(template.Resources).filter(({ DeletionPolicy }) => DeletionPolicy === "Retain");
    expect(kept.map(({ Type }) => Type).sort()).toEqual([
      "AWS::DynamoDB::Table",
      "AWS::KMS::Key",
      "AWS::S3::Bucket",
      "AWS::S3::Bucket",
    ]);
    const table = ofType(template, "AWS::DynamoDB::Table")[0]?.[1].Properties;
    expect(table).toMatchObject({
      BillingMode: "PAY_PER_REQUEST",
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      StreamSpecification: { StreamViewType: "NEW_IMAGE" },
      TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
    });
  });

  it("has an alarm when advisories are older than they may be", () => {
    const [, alarm] =
      ofType(template, "AWS::CloudWatch::Alarm").find(([, { Properties }]) =>
        String(Properties["AlarmName"]).endsWith("-stale-advisories"),
      ) ?? [];
    expect(alarm?.Properties).toMatchObject({ Threshold: 1, EvaluationPeriods: 1, TreatMissingData: "notBreaching" });
    expect(alarm?.Properties["AlarmDescription"]).toContain("docs/runbook.md#stale-advisories");
    expect(JSON.stringify(alarm?.Properties["Metrics"])).toContain("stale-advisory-sources");
  });

  it("sends every alarm to the topic, when it begins and when it ends; email only to an address that was given", () => {
    const topic = [{ Ref: idOf(stack, stack.platform.alarms.topic) }];
    for (const [, { Properties }] of ofType(template, "AWS::CloudWatch::Alarm")) {
      expect(Properties).toMatchObject({ AlarmActions: topic, OKActions: topic });
    }
    const [policy] = ofType(template, "AWS::SNS::TopicPolicy");
    expect(policy?.[1].Properties["PolicyDocument"]).toMatchObject({
      Statement: expect.arrayContaining([
        expect.objectContaining({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
        expect.objectContaining({
          Effect: "Allow",
          Action: "sns:Publish",
          Principal: { Service: "cloudwatch.amazonaws.com" },
        }),
      ]),
    });
    const [subscription] = ofType(template, "AWS::SNS::Subscription");
    expect(subscription?.[1].Condition).toBe(
      stack.resolve(stack.platform.alarms.email.cfnOptions.condition?.logicalId),
    );
    expect(template.Parameters["AlarmEmail"]).toMatchObject({ Default: "" });
  });
});

it("fits into a VPC that is there already", () => {
  const { template } = synthesise({ vpc: "vpc-0123abcd", subnets: "subnet-0123abcd,subnet-0123abce" });
  for (const [, { Properties }] of ofType(template, "AWS::Lambda::Function")) {
    expect(Properties["VpcConfig"]).toMatchObject({ SubnetIds: ["subnet-0123abcd", "subnet-0123abce"] });
  }
  expect(ofType(template, "AWS::EC2::VPC")).toEqual([]);
});

describe("a wrong context or settings file", () => {
  const route = (index: number) => ({
    name: `route-${index}`,
    target: { channel: "slack", secret: "a-secret-with-a-name" },
  });
  it.each([
    ["an unknown key", { setings: "portwarden.yaml" }, /Unrecognized key.*setings/],
    ["a missing file", { settings: "/nowhere/portwarden.yaml" }, /there is no settings file \/nowhere/],
    ["not YAML", { settings: file("a.yaml", "a: [") }, /a\.yaml are not YAML/],
    ["no sections", { settings: file("b.yaml", "- a") }, /sections such as registries/],
    ["an unknown section", { settings: file("c.yaml", "registry: {}") }, /c\.yaml are wrong.*[\s\S]*registry/],
    ["a wrong value", { settings: file("d.yaml", "registries: { allow: 5 }") }, /registries\.allow/],
    [
      "two routes of one name",
      {
        slackSecret: "s",
        settings: file("e.yaml", "notifications: { routes: [{ name: slack, target: { channel: slack, secret: t } }] }"),
      },
      /two routes are named slack/,
    ],
    ["half an email route", { mailTo: "a@example.com" }, /needs both/],
    ["a wrong address", { mailFrom: "nobody", mailTo: "a@example.com" }, /mailFrom/],
    ["a schedule of no door", { schedules: "scan-image=5" }, /no door with a schedule.*refresh-advisories/],
    ["a schedule without minutes", { schedules: "sweep-clusters" }, /schedules/],
    ["a VPC without subnets", { vpc: "vpc-0123abcd" }, /needs its private subnets/],
    ["subnets without a VPC", { subnets: "subnet-0123abcd" }, /belongs to an existing VPC/],
    ["a retention that is none", { logDays: "10" }, /retention of CloudWatch Logs/],
    ["a name that is too long", { name: "P".repeat(21) }, /name/],
    [
      "more settings than an environment holds",
      {
        settings: file(
          "f.yaml",
          JSON.stringify({ notifications: { routes: Array.from({ length: 50 }, (_, index) => route(index)) } }),
        ),
      },
      /the environment of [a-z-]+ would take about \d+ bytes, and 3584 fit\. Shorten the settings/,
    ],
  ])("is told in words: %s", (_, extra, message) => {
    expect(() => bare(extra)).toThrow(message);
  });
});

it("synthesises offline, without credentials, region or home", () => {
  const app = fileURLToPath(new URL("../../infra/app.ts", import.meta.url));
  const outdir = join(directory, "offline");
  const env = { CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify(context()) };
  const child = spawnSync(process.execPath, [app], { encoding: "utf8", env, cwd: directory });
  expect([child.status, child.stderr]).toEqual([0, ""]);
  const manifest = JSON.parse(readFileSync(join(outdir, "manifest.json"), "utf8")) as Record<string, unknown>;
  expect(manifest["missing"]).toBeUndefined();
  expect(manifest["artifacts"]).toHaveProperty("Portwarden.type", "aws:cloudformation:stack");
});

it("says what is wrong and nothing else when it cannot synthesise", () => {
  const app = fileURLToPath(new URL("../../infra/app.ts", import.meta.url));
  const env = { CDK_OUTDIR: join(directory, "wrong"), CDK_CONTEXT_JSON: JSON.stringify(context({ logDays: "10" })) };
  const child = spawnSync(process.execPath, [app], { encoding: "utf8", env, cwd: directory });
  expect(child.status).toBe(1);
  expect(child.stderr).toMatch(/^the context .* is wrong:\n/);
  expect(child.stderr).not.toContain("    at ");
});
