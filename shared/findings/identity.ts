import { createHash } from "node:crypto";
import type { FindingKind, Resource } from "./types.ts";

/** The identity of a finding, 32 hex digits: the same problem found twice is one finding. */
export function findingId(kind: FindingKind, resource: Resource, rule: string, subject: string): string {
  return createHash("sha256")
    .update(JSON.stringify([kind, resource.type, resource.id, rule, subject]))
    .digest("hex")
    .slice(0, 32);
}
