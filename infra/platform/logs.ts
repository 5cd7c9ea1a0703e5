/** Log groups: named by the stack, with a retention, and written only by those that are granted it. */
import { RemovalPolicy } from "aws-cdk-lib";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { Keys } from "./keys.ts";

export interface Logs {
  /** `/<prefix>/<name>`: outside of `/aws/lambda`, where a removed function could make its group again. */
  group(scope: Construct, id: string, name: string): LogGroup;
}

export function logs(prefix: string, days: number, keys: Keys): Logs {
  return {
    group: (scope, id, name) =>
      new LogGroup(scope, id, {
        logGroupName: `/${prefix}/${name}`,
        // The enum's values are the numbers of days; the options have checked this one.
        retention: days as RetentionDays,
        removalPolicy: RemovalPolicy.DESTROY,
        ...(keys.key ? { encryptionKey: keys.key } : {}),
      }),
  };
}
