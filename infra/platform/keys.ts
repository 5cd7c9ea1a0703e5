/** The customer-managed key (`-c customerManagedKeys=true`); without it AWS's own keys encrypt everything. */
import { RemovalPolicy, Stack } from "aws-cdk-lib";
import { type IGrantable, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";

export interface KeysProps {
  readonly prefix: string;
  readonly customerManaged: boolean;
}

export class Keys extends Construct {
  /** Absent: AWS's own keys. */
  readonly key: Key | undefined;

  constructor(scope: Construct, id: string, { prefix, customerManaged }: KeysProps) {
    super(scope, id);
    if (!customerManaged) return;
    this.key = new Key(this, "Key", {
      alias: `alias/${prefix}`,
      description: "Portwarden: table, bucket, queues, bus, logs and alarms",
      enableKeyRotation: true,
      // What it encrypts is kept when the stack is removed, and so is the key.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.#admitServices(this.key);
  }

  /** What a function needs to use the encrypted resources that it has other rights to. */
  grantUse(grantee: IGrantable): void {
    this.key?.grant(grantee, "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey");
  }

  #admitServices(key: Key): void {
    const { partition, region, account } = Stack.of(this);
    const admit = (service: string, actions: readonly string[], conditions: object = {}) =>
      key.addToResourcePolicy(
        new PolicyStatement({
          principals: [new ServicePrincipal(service)],
          actions: [...actions],
          resources: ["*"],
          conditions,
        }),
      );
    // The bus and its archive, and the sending into encrypted queues. The queues' own policies name the rules that may.
    admit("events.amazonaws.com", ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ReEncrypt*"]);
    admit("cloudwatch.amazonaws.com", ["kms:Decrypt", "kms:GenerateDataKey"]);
    admit(
      `logs.${region}.amazonaws.com`,
      ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncrypt*", "kms:DescribeKey"],
      { ArnLike: { "kms:EncryptionContext:aws:logs:arn": `arn:${partition}:logs:${region}:${account}:log-group:*` } },
    );
  }
}
