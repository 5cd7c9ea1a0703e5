/** The canonical document of an ECS cluster. */
import { createHmac } from "node:crypto";
import type { EcsCluster, EcsContainer, EcsService, EcsTaskDefinition } from "../clouds/types.ts";
import type { CanonicalDocument, CanonicalResource, Json } from "./canonical.ts";

/**
 * The cluster's services with the task definition each of them names. Left out: desired and running counts (scaling
 * is not a change of configuration), tasks (they come and go), states and times. The value of every plain environment
 * variable is replaced by a hash keyed with `salt` (hex): which of them are secret cannot be known.
 */
export function canonicalEcs(cluster: EcsCluster, salt: string): CanonicalDocument {
  const definitions = new Map(cluster.taskDefinitions.map((definition) => [definition.arn, definition]));
  const services = cluster.services.map((service): [string, CanonicalResource] => [
    service.arn,
    { type: "ecs-service", name: service.name, fields: serviceFields(service, definitions, salt) },
  ]);
  return {
    schema: "portwarden.canonical/1",
    scope: cluster.arn,
    resources: Object.fromEntries(services.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))),
  };
}

type Fields = { [name: string]: Json };

function serviceFields(service: EcsService, definitions: ReadonlyMap<string, EcsTaskDefinition>, salt: string): Fields {
  const definition = definitions.get(service.taskDefinition);
  return {
    taskDefinition:
      definition === undefined ? { arn: service.taskDefinition, unread: true } : definitionFields(definition, salt),
    launchType: service.launchType ?? null,
    platformVersion: service.platformVersion ?? null,
    enableExecuteCommand: service.enableExecuteCommand,
    assignPublicIp: service.assignPublicIp ?? null,
    securityGroups: sorted(service.securityGroups),
    subnets: sorted(service.subnets),
  };
}

function definitionFields(definition: EcsTaskDefinition, salt: string): Fields {
  return {
    arn: definition.arn,
    networkMode: definition.networkMode ?? null,
    operatingSystem: definition.operatingSystem ?? null,
    taskRole: definition.taskRole ?? null,
    executionRole: definition.executionRole ?? null,
    containers: Object.fromEntries(
      definition.containers.map((container) => [container.name, containerFields(container, salt)]),
    ),
  };
}

function containerFields(container: EcsContainer, salt: string): Fields {
  const values = [...container.environment].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return {
    image: container.image,
    privileged: container.privileged,
    user: container.user ?? null,
    environment: Object.fromEntries(values.map(({ name, value }) => [name, `hmac:${valueHash(salt, value, 16)}`])),
    secrets: sorted(container.secrets),
  };
}

/** The first hex digits of a keyed hash: tells that a value changed, not what it is. */
export function valueHash(salt: string, value: string, digits: number): string {
  return createHmac("sha256", Buffer.from(salt, "hex")).update(value).digest("hex").slice(0, digits);
}

function sorted(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
