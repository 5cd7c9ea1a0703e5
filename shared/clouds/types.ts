/** Read-only views of clusters, made uniform. The collectors behind them stand in `clouds/<provider>/`. */

export interface EcsContainer {
  readonly name: string;
  /** As the task definition writes it. */
  readonly image: string;
  readonly privileged: boolean;
  /** Linux user as written (`0`, `root`, `1000:1000`); absent when not set. */
  readonly user?: string;
  /** Names and values of plain environment variables; values never leave the assessment. */
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  /** Names of variables that come from a secret store. */
  readonly secrets: readonly string[];
}

export interface EcsTaskDefinition {
  readonly arn: string;
  readonly family: string;
  readonly revision: number;
  readonly networkMode?: string;
  readonly operatingSystem?: string;
  readonly taskRole?: string;
  readonly executionRole?: string;
  readonly containers: readonly EcsContainer[];
}

export interface EcsService {
  readonly arn: string;
  readonly name: string;
  readonly taskDefinition: string;
  readonly desiredCount: number;
  readonly runningCount: number;
  readonly launchType?: string;
  readonly platformVersion?: string;
  readonly enableExecuteCommand: boolean;
  readonly assignPublicIp?: string;
  readonly securityGroups: readonly string[];
  readonly subnets: readonly string[];
}

export interface EcsTask {
  readonly arn: string;
  readonly taskDefinition: string;
  /** `service:<name>` when a service started it. */
  readonly group?: string;
  readonly lastStatus: string;
  readonly containers: readonly { readonly name: string; readonly image: string; readonly imageDigest?: string }[];
}

export interface EcsCluster {
  readonly arn: string;
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly services: readonly EcsService[];
  readonly tasks: readonly EcsTask[];
  /** Every revision that a service or a running task references, and the latest active one of each such family. */
  readonly taskDefinitions: readonly EcsTaskDefinition[];
  /** What could not be read, and why: checks on it end in NOT_EVALUATED. */
  readonly unread: readonly { readonly what: string; readonly why: string }[];
}

export interface EcsReader {
  /** ARNs of the clusters of a region. */
  clusters(region: string): Promise<readonly string[]>;
  /** The whole cluster; `undefined` when it does not exist. */
  read(region: string, cluster: string): Promise<EcsCluster | undefined>;
}

/**
 * A signed statement (JWT) of who this process is, for the party named by `audience`: how one cloud's role is trusted by
 * another without a stored secret. Valid for minutes; never logged.
 */
export type WebIdentity = (audience: string) => Promise<string>;
