/** The product's bus with its archive, and the form of every queue and dead-letter queue. */
import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Archive, type CfnArchive, type CfnEventBus, EventBus } from "aws-cdk-lib/aws-events";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Queue, QueueEncryption, type QueueProps } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { eventSource } from "../../shared/events/envelope.ts";
import type { Keys } from "./keys.ts";

export interface MessagingProps {
  readonly prefix: string;
  readonly keys: Keys;
}

export class Messaging extends Construct {
  readonly bus: EventBus;
  readonly #busName: string;
  readonly #keys: Keys;

  constructor(scope: Construct, id: string, { prefix, keys }: MessagingProps) {
    super(scope, id);
    this.#keys = keys;
    this.#busName = prefix;
    this.bus = new EventBus(this, "Bus", { eventBusName: prefix, description: "Portwarden's events" });
    // For replay: every handler takes the same event again without harm.
    const archive = new Archive(this, "Archive", {
      sourceEventBus: this.bus,
      description: "Portwarden's events, for replay",
      eventPattern: { source: [eventSource] },
      retention: Duration.days(30),
    });
    archive.applyRemovalPolicy(RemovalPolicy.DESTROY);
    if (keys.key === undefined) return;
    // Set on the resources: the CDK would also write the bus into the key's policy, and so tie a knot of the two.
    (this.bus.node.defaultChild as CfnEventBus).kmsKeyIdentifier = keys.key.keyArn;
    (archive.node.defaultChild as CfnArchive).kmsKeyIdentifier = keys.key.keyArn;
  }

  /** A queue as all here are: named, encrypted, closed to plain HTTP. */
  queue(scope: Construct, id: string, props: QueueProps & { readonly queueName: string }): Queue {
    const { key } = this.#keys;
    const encryption = key
      ? { encryption: QueueEncryption.KMS, encryptionMasterKey: key, dataKeyReuse: Duration.hours(1) }
      : { encryption: QueueEncryption.SQS_MANAGED };
    return new Queue(scope, id, { enforceSSL: true, ...encryption, ...props });
  }

  /**
   * The ARN of a rule, told from its name. A reference to the rule would tie the knot of rule, queue policy and key
   * policy, which all name each other.
   */
  ruleArn(bus: "portwarden" | "default", name: string): string {
    const resourceName = bus === "default" ? name : `${this.#busName}/${name}`;
    return Stack.of(this).formatArn({ service: "events", resource: "rule", resourceName });
  }

  /** Lets one rule, and nothing else of EventBridge, send into a queue. */
  admitRule(queue: Queue, ruleArn: string): void {
    queue.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal("events.amazonaws.com")],
        actions: ["sqs:SendMessage"],
        resources: [queue.queueArn],
        conditions: { ArnEquals: { "aws:SourceArn": ruleArn } },
      }),
    );
  }
}
