import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, documentHash } from "../../../shared/drift/canonical.ts";
import { changesOf } from "../../../shared/drift/compare.ts";
import { canonicalEcs } from "../../../shared/drift/ecs.ts";
import { cluster, container, definition, definitionArn, service, task } from "../clouds/world.ts";

const salt = "ab".repeat(32);
const shuffle = <T>(values: readonly T[], seed: number): T[] =>
  values
    .map((value, index) => ({ value, key: Math.imul(index + 1, seed) >>> 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);

const state = (seed: number) => {
  const environment = shuffle(
    ["A", "B", "C"].map((name) => ({ name, value: `value of ${name}` })),
    seed,
  );
  const containers = shuffle(
    [container("app", { environment, secrets: shuffle(["X", "Y"], seed) }), container("side")],
    seed,
  );
  const groups = { securityGroups: shuffle(["sg-1", "sg-2", "sg-3"], seed), subnets: shuffle(["s-1", "s-2"], seed) };
  return cluster({
    services: shuffle([service("web", definitionArn("web", 1), groups), service("api", definitionArn("api", 1))], seed),
    taskDefinitions: shuffle([definition("web", 1, containers), definition("api", 1, [container("api")])], seed),
    tasks: [task(`t${seed}`, definitionArn("web", 1), "service:web")],
  });
};

describe("the canonical document of an ECS cluster", () => {
  test("is the same byte for byte whatever order the API answers in, and however many tasks run", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 500 }), (seed, count) => {
        const read = state(seed);
        const scaled = { ...read, services: read.services.map((one) => ({ ...one, runningCount: count })) };
        expect(canonicalJson(canonicalEcs(scaled, salt))).toBe(canonicalJson(canonicalEcs(state(1), salt)));
      }),
    );
  });

  test("tells that a variable changed, not what it holds; another cluster's salt gives another hash", () => {
    const read = state(1);
    const changed = {
      ...read,
      taskDefinitions: read.taskDefinitions.map((one) => ({
        ...one,
        containers: one.containers.map((inner) => ({
          ...inner,
          environment: inner.environment.map(({ name, value }) => ({ name, value: name === "B" ? "new" : value })),
        })),
      })),
    };
    const changes = changesOf(canonicalEcs(read, salt), canonicalEcs(changed, salt));
    expect(changes).toMatchObject([
      { field: "taskDefinition", differences: [{ path: "/containers/app/environment/B" }] },
    ]);
    const text = JSON.stringify([changes, canonicalEcs(read, salt), canonicalEcs(changed, salt)]);
    expect(text).not.toContain("value of");
    expect(text).not.toContain('"new"');
    expect(documentHash(canonicalEcs(read, salt))).not.toBe(documentHash(canonicalEcs(read, "cd".repeat(32))));
  });
});
