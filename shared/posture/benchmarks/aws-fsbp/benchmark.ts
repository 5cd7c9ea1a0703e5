import type { Benchmark } from "../../types.ts";

/** Ids: https://docs.aws.amazon.com/securityhub/latest/userguide/ecs-controls.html; the titles are our own words. */
export const benchmark: Benchmark = {
  id: "aws-fsbp",
  title: "AWS Foundational Security Best Practices",
  version: "2026-03",
  controls: [
    { id: "ECS.1", title: "Host networking goes with a chosen user and privilege", assessment: "retired" },
    { id: "ECS.2", title: "Services have no public addresses", assessment: "automated" },
    { id: "ECS.3", title: "Tasks keep out of the host's process namespace", assessment: "automated" },
    { id: "ECS.4", title: "No container is privileged", assessment: "automated" },
    { id: "ECS.5", title: "Root filesystems are read-only", assessment: "automated" },
    { id: "ECS.8", title: "No credentials among the environment variables", assessment: "automated" },
    { id: "ECS.9", title: "Containers log somewhere", assessment: "automated" },
    { id: "ECS.10", title: "Fargate runs its newest platform version", assessment: "automated" },
    { id: "ECS.12", title: "Container Insights is on", assessment: "automated" },
    { id: "ECS.13", title: "Services carry tags", assessment: "automated" },
    { id: "ECS.14", title: "Clusters carry tags", assessment: "automated" },
    { id: "ECS.15", title: "Task definitions carry tags", assessment: "automated" },
    { id: "ECS.16", title: "Task sets have no public addresses", assessment: "automated" },
    { id: "ECS.17", title: "Tasks keep out of the host's network", assessment: "automated" },
    { id: "ECS.18", title: "EFS volumes are encrypted on the wire", assessment: "automated" },
    { id: "ECS.19", title: "Busy instances are protected from scale-in", assessment: "automated" },
    { id: "ECS.20", title: "Linux containers name a user other than root", assessment: "automated" },
    { id: "ECS.21", title: "Windows containers name a user other than the administrator", assessment: "automated" },
  ],
};
