import fc from "fast-check";
import { expect, test } from "vitest";
import { callEvent, cluster, container, definition, definitionArn, makeWorld, service, task } from "./world.ts";

const letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
const random = (length: number) =>
  fc
    .array(fc.constantFrom(...letters.split("")), { minLength: length, maxLength: length })
    .map((characters) => characters.join(""));

/** The secret itself, and a value that carries it in one of the forms that variables have. */
const planted = random(24).chain((secret) =>
  fc
    .constantFrom(
      secret,
      `AKIA${secret.slice(0, 16).toUpperCase()} ${secret}`,
      `postgres://app:${secret}@db.internal/shop`,
      `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`,
      `{"token":"${secret}"}`,
    )
    .map((value) => ({ secret, value })),
);
const variables = fc.array(fc.tuple(fc.constantFrom("DB_PASSWORD", "API_TOKEN", "PLAIN", "CONFIG"), planted), {
  minLength: 1,
  maxLength: 4,
});

function state(revision: number, environment: readonly { name: string; value: string }[]) {
  const containers = [container("app", { environment })];
  const alone = definition("job", revision, containers);
  return cluster({
    services: [service("web", definitionArn("web", revision))],
    tasks: [task("t", alone.arn, "family:job")],
    taskDefinitions: [definition("web", revision, containers), alone],
  });
}

test("values of variables are nowhere: not in findings, documents, records, reports, events, messages or logs", async () => {
  await fc.assert(
    fc.asyncProperty(variables, variables, async (first, second) => {
      const world = makeWorld();
      const secrets: string[] = [];
      for (const [index, planting] of [first, second].entries()) {
        const environment = planting.map(([name, { value }], position) => ({ name: `${name}_${position}`, value }));
        secrets.push(...planting.map(([, { secret }]) => secret));
        world.set(state(index + 1, environment));
        const call = callEvent({ name: "RegisterTaskDefinition", id: `r${index}`, at: world.now(), actor: "ana" });
        const { requestParameters } = call.detail;
        Object.assign(requestParameters, { containerDefinitions: [{ environment }] });
        const { length } = world.everything();
        world.event(call);
        await world.sweep();
        await world.run();
        expect(world.everything().length).toBeGreaterThan(length);
        world.advance(3_600_000);
      }
      const everything = world.everything();
      expect(everything).toContain(`${first[0]?.[0]}_0`);
      for (const secret of secrets) {
        expect(everything).not.toContain(secret);
        expect(everything).not.toContain(Buffer.from(secret).toString("base64").slice(0, 24));
      }
    }),
    { numRuns: 40 },
  );
});

test("a planted secret is found in the service and in the task without a service, with rule and hash only", async () => {
  const world = makeWorld();
  world.set(state(1, [{ name: "DB_PASSWORD", value: "correct horse battery staple" }]));
  await world.sweep();
  await world.run();
  expect(
    world
      .open()
      .filter(({ kind }) => kind === "posture")
      .map(({ rule, subject }) => `${rule} ${subject}`)
      .sort(),
  ).toEqual(["ecs-plain-secret app/DB_PASSWORD", "ecs-plain-secret job/app/DB_PASSWORD"]);
  const [one, two] = world
    .open()
    .filter(({ kind }) => kind === "posture")
    .map(({ evidence }) => evidence);
  expect(one).toMatchObject({ rule: "password-name", valueHash: expect.stringMatching(/^[0-9a-f]{8}$/) });
  expect(one?.["valueHash"]).toBe(two?.["valueHash"]);
});
