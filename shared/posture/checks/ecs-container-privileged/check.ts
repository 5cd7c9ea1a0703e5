import { ecsContainerPath } from "../../json-path.ts";
import type { CheckOf } from "../../types.ts";

/** A privileged container has all capabilities and the devices of its host: whoever is in it owns the instance. */
export const check: CheckOf<"ecs-task-definition"> = {
  id: "ecs-container-privileged",
  title: "Containers are not privileged",
  severity: "high",
  target: "ecs-task-definition",
  triggers: ["RegisterTaskDefinition", "CreateService", "UpdateService"],
  controls: ["aws-fsbp/ECS.4", "cis-aws-compute/3.4"],
  remediation:
    "Register a revision without `privileged`, giving the single capabilities it needs in " +
    "`linuxParameters.capabilities.add`, and update the service to it.",
  evaluate: (definition) =>
    definition.containers.map(({ name, privileged }) => {
      const evidence = { path: ecsContainerPath(name, "privileged"), value: privileged };
      return privileged
        ? { status: "FAIL", subject: name, title: `Container ${name} is privileged`, evidence }
        : { status: "PASS", subject: name, evidence };
    }),
};
