import { ecsContainerPath } from "../../json-path.ts";
import type { CheckOf, CheckResult } from "../../types.ts";

/** Root in the container is one kernel defect away from root on the host. */
export const check: CheckOf<"ecs-task-definition"> = {
  id: "ecs-container-root-user",
  title: "Linux containers run as a named user other than root",
  severity: "medium",
  target: "ecs-task-definition",
  triggers: ["RegisterTaskDefinition", "CreateService", "UpdateService"],
  controls: ["aws-fsbp/ECS.20", "cis-aws-compute/3.1"],
  remediation:
    "Register a revision whose containers set `user` to a numeric id other than 0 (`1000:1000`), which wins over the " +
    "image's own user, and update the service to it.",
  evaluate(definition) {
    const { operatingSystem = "LINUX", containers } = definition;
    return containers.map(({ name, user }): CheckResult => {
      const path = ecsContainerPath(name, "user");
      if (operatingSystem.toUpperCase().startsWith("WINDOWS")) {
        const why = `Windows has no root; the definition is for ${operatingSystem}`;
        return { status: "NOT_APPLICABLE", subject: name, why };
      }
      const account = (user ?? "").trim();
      if (account === "") {
        const note =
          "not set: the image's own user is used, which is root unless the image names another; not known here";
        return {
          status: "FAIL",
          subject: name,
          title: `Container ${name} names no user`,
          evidence: { path, value: null, note },
        };
      }
      const evidence = { path, value: account };
      return isRoot(account)
        ? { status: "FAIL", subject: name, title: `Container ${name} runs as root`, evidence }
        : { status: "PASS", subject: name, evidence };
    });
  },
};

/** `root`, `0`, and both with a group (`root:root`, `0:0`); ids may have leading zeros. */
function isRoot(user: string): boolean {
  const [account = ""] = user.split(":");
  return account === "root" || /^0+$/.test(account);
}
