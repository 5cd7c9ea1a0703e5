/** Where alarms go, and how they are worded: every one names its runbook section and what to do. */
import { CfnCondition, type CfnParameter, Duration, Fn, Stack } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, type IMetric, MathExpression, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { CfnSubscription, Topic } from "aws-cdk-lib/aws-sns";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { metricsNamespace } from "../../shared/platform/aws/metrics.ts";
import type { Keys } from "./keys.ts";

/** CloudWatch's limit. */
const descriptionCharacters = 1024;

export interface AlarmText {
  /** Names the alarm, after the prefix. */
  readonly name: string;
  /** What is the matter, one sentence. */
  readonly says: string;
  /** Anchor in docs/runbook.md. */
  readonly section: string;
  /** What to do once the cause is mended. */
  readonly remedy?: string;
}

export interface AlarmWhen {
  readonly metric: IMetric;
  /** At or above. */
  readonly threshold: number;
  /** Periods of the metric. Default 1. */
  readonly periods?: number;
}

export interface AlarmsProps {
  readonly prefix: string;
  readonly keys: Keys;
  /** Address that is told; empty: nobody by email. */
  readonly email: CfnParameter;
}

export class Alarms extends Construct {
  readonly topic: Topic;
  /** The subscription of the address that was given, if one was. */
  readonly email: CfnSubscription;
  readonly all: Alarm[] = [];
  readonly #prefix: string;

  constructor(scope: Construct, id: string, { prefix, keys, email }: AlarmsProps) {
    super(scope, id);
    this.#prefix = prefix;
    this.topic = new Topic(this, "Topic", {
      topicName: `${prefix}-alarms`,
      displayName: "Portwarden alarms",
      enforceSSL: true,
      ...(keys.key ? { masterKey: keys.key } : {}),
    });
    this.#admitAlarms();
    const given = new CfnCondition(this, "EmailGiven", {
      expression: Fn.conditionNot(Fn.conditionEquals(email.valueAsString, "")),
    });
    this.email = new CfnSubscription(this, "Email", {
      topicArn: this.topic.topicArn,
      protocol: "email",
      endpoint: email.valueAsString,
    });
    this.email.cfnOptions.condition = given;
    this.#watchQuarantine();
    this.#watchStaleAdvisories();
  }

  /** The policy that asks for TLS takes the place of SNS's own, which lets the account's alarms in. */
  #admitAlarms(): void {
    const { account } = Stack.of(this);
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { "aws:SourceAccount": account } },
      }),
    );
  }

  /** Sends to the topic when it goes off and when it is over. */
  add(scope: Construct, id: string, text: AlarmText, when: AlarmWhen): Alarm {
    const remedy = text.remedy === undefined ? "" : ` ${text.remedy}`;
    const description = `${text.says} Runbook: docs/runbook.md#${text.section}.${remedy}`;
    if (description.length > descriptionCharacters)
      throw new Error(`the description of alarm ${text.name} is too long`);
    const alarm = new Alarm(scope, id, {
      alarmName: `${this.#prefix}-${text.name}`,
      alarmDescription: description,
      metric: when.metric,
      threshold: when.threshold,
      evaluationPeriods: when.periods ?? 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    alarm.addOkAction(new SnsAction(this.topic));
    this.all.push(alarm);
    return alarm;
  }

  /** One message in a dead-letter queue is one too many. */
  watchDeadLetters(scope: Construct, door: string, queue: Queue, text: Pick<AlarmText, "says" | "remedy">): void {
    const metric = queue.metricApproximateNumberOfMessagesVisible({
      period: Duration.minutes(1),
      statistic: "Maximum",
    });
    this.add(
      scope,
      "DeadLettersAlarm",
      { name: `${door}-dead-letters`, section: door, ...text },
      { metric, threshold: 1 },
    );
  }

  /** Messages set aside for good are acknowledged: nothing else would tell anybody. */
  #watchQuarantine(): void {
    const metric = new MathExpression({
      expression: `SELECT SUM("messages-quarantined") FROM SCHEMA("${metricsNamespace}", service)`,
      label: "quarantined messages",
      period: Duration.minutes(5),
    });
    const text = {
      name: "messages-quarantined",
      says: "Messages were refused for good and set aside.",
      section: "quarantine",
    };
    this.add(this, "QuarantineAlarm", text, { metric, threshold: 1 });
  }

  /** Scans go on with what is there: without it, only they would tell. Counted twice an hour. */
  #watchStaleAdvisories(): void {
    const metric = new MathExpression({
      expression: `SELECT MAX("stale-advisory-sources") FROM SCHEMA("${metricsNamespace}", service)`,
      label: "sources of advisories that are too old",
      period: Duration.hours(1),
    });
    const text = {
      name: "stale-advisories",
      says: "Advisories of some sources are older than they may be: what was published since is not found.",
      section: "stale-advisories",
      remedy: "The alarm ends by itself at the first run that reads them.",
    };
    this.add(this, "StaleAdvisoriesAlarm", text, { metric, threshold: 1 });
  }
}
