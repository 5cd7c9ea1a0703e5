/**
 * The words of `EcsCluster.unread[].what`: what a collector could not read. Said here once, because the readers of a
 * partly read cluster must tell a part that is gone from a part that could not be seen.
 */
export const unreadParts = {
  cluster: "cluster",
  services: "services",
  service: (arn: string) => `service ${arn}`,
  tasks: "tasks",
  taskDefinition: (arn: string) => `task-definition ${arn}`,
  latestRevision: (family: string) => `latest-revision ${family}`,
} as const;

/** What was not read of one cluster, as questions. */
export interface Unread {
  readonly services?: string;
  readonly tasks?: string;
  /** By the part's own word; each returns why, or `undefined` when it was read. */
  service(arn: string): string | undefined;
  taskDefinition(arn: string): string | undefined;
  latestRevision(family: string): string | undefined;
}

export function unreadOf(entries: readonly { readonly what: string; readonly why: string }[]): Unread {
  const why = new Map(entries.map((entry) => [entry.what, entry.why]));
  const services = why.get(unreadParts.services);
  const tasks = why.get(unreadParts.tasks);
  return {
    ...(services === undefined ? {} : { services }),
    ...(tasks === undefined ? {} : { tasks }),
    service: (arn) => services ?? why.get(unreadParts.service(arn)),
    taskDefinition: (arn) => why.get(unreadParts.taskDefinition(arn)),
    latestRevision: (family) => why.get(unreadParts.latestRevision(family)),
  };
}
