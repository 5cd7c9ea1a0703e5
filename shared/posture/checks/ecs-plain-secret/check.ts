import { ecsVariablePath } from "../../json-path.ts";
import type { CheckOf, CheckResult } from "../../types.ts";
import { secretRule } from "./rules.ts";

/**
 * Plain variables are shown to everybody who may describe the task definition, and stay in every old revision. The
 * value itself is never part of a result: only the variable's name, the rule that knew it, and a short keyed hash.
 */
export const check: CheckOf<"ecs-task-definition"> = {
  id: "ecs-plain-secret",
  title: "No secrets among the plain environment variables",
  severity: "high",
  target: "ecs-task-definition",
  triggers: ["RegisterTaskDefinition", "CreateService", "UpdateService"],
  controls: ["aws-fsbp/ECS.8", "cis-aws-compute/3.6"],
  remediation:
    "Change the secret (it has been readable), keep the new one in Secrets Manager or Parameter Store, and register a " +
    "revision that takes it from there under `secrets`.",
  evaluate(definition, { hash }) {
    return definition.containers.flatMap((container): CheckResult[] => {
      const found = container.environment.flatMap(({ name, value }): CheckResult[] => {
        const rule = secretRule(name, value);
        if (rule === undefined) return [];
        return [
          {
            status: "FAIL",
            subject: `${container.name}/${name}`,
            title: `Container ${container.name} has ${rule.what} in ${name}`,
            evidence: { path: ecsVariablePath(container.name, name), rule: rule.id, valueHash: hash(value) },
          },
        ];
      });
      const evidence = { path: ecsVariablePath(container.name, "*"), variables: container.environment.length };
      return found.length > 0 ? found : [{ status: "PASS", subject: container.name, evidence }];
    });
  },
};
