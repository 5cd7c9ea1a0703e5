/** Names of AWS resources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */

export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  /** Everything after the account, e.g. `service/production/web`. */
  readonly resource: string;
}

/** The parts of an ARN; `undefined` for anything else. */
export function parseArn(text: string): Arn | undefined {
  const match = /^arn:([a-z0-9-]+):([a-z0-9-]+):([a-z0-9-]*):([0-9]{0,12}):(.+)$/s.exec(text);
  if (match === null) return undefined;
  const [, partition = "", service = "", region = "", account = "", resource = ""] = match;
  return { partition, service, region, account, resource };
}

/** The partition a region belongs to: China, GovCloud and the isolated ones have their own. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  if (region.startsWith("us-isob-")) return "aws-iso-b";
  if (region.startsWith("us-iso-")) return "aws-iso";
  if (region.startsWith("eusc-")) return "aws-eusc";
  return "aws";
}

/** The last part of an ARN's resource: `web` of `service/production/web`. Other text comes back as it is. */
export function nameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** Family and revision of a task definition given as ARN, `family:revision` or `family`. */
export function taskDefinitionName(name: string): { readonly family: string; readonly revision?: number } {
  const match = /^(.*):(\d{1,9})$/s.exec(nameOf(name));
  const [, family, revision] = match ?? [];
  if (family === undefined || revision === undefined) return { family: nameOf(name) };
  return { family, revision: Number(revision) };
}
