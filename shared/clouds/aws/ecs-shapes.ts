/** From the answers of the ECS API to the product's own shapes. Everything optional there is decided here, once. */
import type * as ecs from "@aws-sdk/client-ecs";
import { limits } from "../../platform/limits.ts";
import { nameOf, taskDefinitionName } from "../arn.ts";
import type { EcsContainer, EcsService, EcsTask, EcsTaskDefinition } from "../types.ts";

/** Text of the API, no longer than anything that the product keeps. */
function text(value: string | undefined): string {
  return (value ?? "").slice(0, limits.clusterTextCharacters);
}

/** Optional text: absent when the API gives none. */
function optional<Name extends string>(name: Name, value: string | undefined): { readonly [N in Name]?: string } {
  return (value === undefined || value === "" ? {} : { [name]: text(value) }) as { readonly [N in Name]?: string };
}

export function serviceOf(service: ecs.Service): EcsService {
  const network = service.networkConfiguration?.awsvpcConfiguration;
  return {
    arn: text(service.serviceArn),
    name: text(service.serviceName ?? nameOf(service.serviceArn ?? "")),
    taskDefinition: text(taskDefinitionOfService(service)),
    desiredCount: service.desiredCount ?? 0,
    runningCount: service.runningCount ?? 0,
    ...optional("launchType", service.launchType),
    ...optional("platformVersion", service.platformVersion),
    enableExecuteCommand: service.enableExecuteCommand === true,
    ...optional("assignPublicIp", network?.assignPublicIp),
    securityGroups: [...(network?.securityGroups ?? [])].map(text).sort(),
    subnets: [...(network?.subnets ?? [])].map(text).sort(),
  };
}

/** Services with an external or blue/green controller name it in their primary task set or deployment only. */
function taskDefinitionOfService(service: ecs.Service): string | undefined {
  if (service.taskDefinition !== undefined && service.taskDefinition !== "") return service.taskDefinition;
  const candidates = [...(service.taskSets ?? []), ...(service.deployments ?? [])];
  return (candidates.find(({ status }) => status === "PRIMARY") ?? candidates[0])?.taskDefinition;
}

export function taskOf(task: ecs.Task): EcsTask {
  return {
    arn: text(task.taskArn),
    taskDefinition: text(task.taskDefinitionArn),
    ...optional("group", task.group),
    lastStatus: text(task.lastStatus),
    containers: (task.containers ?? []).map((container) => ({
      name: text(container.name),
      image: text(container.image),
      ...optional("imageDigest", container.imageDigest),
    })),
  };
}

export function taskDefinitionOf(definition: ecs.TaskDefinition): EcsTaskDefinition {
  const arn = text(definition.taskDefinitionArn);
  const named = taskDefinitionName(arn);
  return {
    arn,
    family: text(definition.family ?? named.family),
    revision: definition.revision ?? named.revision ?? 0,
    ...optional("networkMode", definition.networkMode),
    ...optional("operatingSystem", definition.runtimePlatform?.operatingSystemFamily),
    ...optional("taskRole", definition.taskRoleArn),
    ...optional("executionRole", definition.executionRoleArn),
    containers: (definition.containerDefinitions ?? []).map(containerOf),
  };
}

function containerOf(container: ecs.ContainerDefinition): EcsContainer {
  return {
    name: text(container.name),
    image: text(container.image),
    privileged: container.privileged === true,
    ...optional("user", container.user),
    // Values are not cut: a secret cut in half would look like another one. The API itself bounds a definition to 64 kB.
    environment: (container.environment ?? []).map(({ name, value }) => ({ name: text(name), value: value ?? "" })),
    secrets: (container.secrets ?? []).map(({ name }) => text(name)),
  };
}
