import type { Benchmark } from "../../types.ts";

/** Ids of the benchmark's ECS section; the titles are our own words. */
export const benchmark: Benchmark = {
  id: "cis-aws-compute",
  title: "CIS AWS Compute Services Benchmark",
  version: "1.1.0",
  controls: [
    { id: "3.1", title: "Host networking goes with neither root nor privilege", assessment: "manual" },
    { id: "3.2", title: "Services have no public addresses", assessment: "manual" },
    { id: "3.3", title: "Tasks keep out of the host's process namespace", assessment: "manual" },
    { id: "3.4", title: "No container is privileged", assessment: "manual" },
    { id: "3.5", title: "Root filesystems are read-only", assessment: "manual" },
    { id: "3.6", title: "No secrets among the plain environment variables", assessment: "manual" },
    { id: "3.7", title: "Containers log somewhere", assessment: "manual" },
    { id: "3.8", title: "Fargate runs its newest platform version", assessment: "manual" },
    { id: "3.9", title: "Clusters are monitored", assessment: "manual" },
    { id: "3.10", title: "Services carry tags", assessment: "manual" },
    { id: "3.11", title: "Clusters carry tags", assessment: "manual" },
    { id: "3.12", title: "Task definitions carry tags", assessment: "manual" },
    { id: "3.13", title: "Images come from trusted places", assessment: "manual" },
    { id: "3.14", title: "Task sets have no public addresses", assessment: "manual" },
  ],
};
