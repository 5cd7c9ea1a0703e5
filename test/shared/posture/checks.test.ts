import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ecsCalls } from "../../../shared/clouds/ecs-events.ts";
import type { EcsContainer } from "../../../shared/clouds/types.ts";
import { benchmarks } from "../../../shared/posture/benchmarks/registry.generated.ts";
import { check as privileged } from "../../../shared/posture/checks/ecs-container-privileged/check.ts";
import { check as rootUser } from "../../../shared/posture/checks/ecs-container-root-user/check.ts";
import { check as plainSecret } from "../../../shared/posture/checks/ecs-plain-secret/check.ts";
import { secretRule } from "../../../shared/posture/checks/ecs-plain-secret/rules.ts";
import { checks } from "../../../shared/posture/checks/registry.generated.ts";
import { evaluate } from "../../../shared/posture/evaluate.ts";
import type { Check } from "../../../shared/posture/types.ts";
import { cluster, container, definition } from "../clouds/world.ts";

const context = { hash: () => "0badc0de" };
const withUser = (user: string | undefined, operatingSystem?: string) => {
  const { user: _user, ...rest } = container("app");
  const inner: EcsContainer = user === undefined ? rest : { ...rest, user };
  return { ...definition("web", 1, [inner]), ...(operatingSystem === undefined ? {} : { operatingSystem }) };
};
const statuses = (results: readonly { readonly status: string }[]) => results.map(({ status }) => status);

describe("checks as a whole", () => {
  test("each has a unique id, answers controls that exist, and is woken by calls that reach us", () => {
    const controls = new Set(
      benchmarks.flatMap(({ id, controls }) => controls.map((control) => `${id}/${control.id}`)),
    );
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
    for (const check of checks) {
      expect(check.controls.length).toBeGreaterThan(0);
      expect(check.controls.filter((control) => !controls.has(control))).toEqual([]);
      expect(check.triggers.filter((trigger) => !ecsCalls.some((call) => call === trigger))).toEqual([]);
    }
  });

  test("what could not be read, and a check that fails, are NOT_EVALUATED with the reason; no parts is NOT_APPLICABLE", () => {
    const broken: Check = {
      ...privileged,
      evaluate: () => {
        throw new Error("a defect");
      },
    };
    const subject = { target: "ecs-task-definition", id: "arn" } as const;
    const value = definition("web", 1, [container("app")]);
    expect(evaluate([privileged], { ...subject, value: undefined, why: "AccessDenied" }, context)).toMatchObject([
      { status: "NOT_EVALUATED", why: "AccessDenied" },
    ]);
    expect(evaluate([broken], { ...subject, value }, context)).toMatchObject([
      { status: "NOT_EVALUATED", why: "the check failed: a defect" },
    ]);
    expect(evaluate([privileged], { ...subject, value: { ...value, containers: [] } }, context)).toMatchObject([
      { status: "NOT_APPLICABLE" },
    ]);
    expect(evaluate(checks, { target: "ecs-cluster", id: "arn", value: cluster() }, context)).toEqual([]);
  });
});

describe("ecs-container-privileged", () => {
  test("fails the privileged container only", () => {
    const both = definition("web", 1, [container("app"), container("it's", { privileged: true })]);
    const results = privileged.evaluate(both, context);
    expect(statuses(results)).toEqual(["PASS", "FAIL"]);
    expect(results[1]).toMatchObject({
      subject: "it's",
      evidence: { path: "$.containerDefinitions[?@.name=='it\\'s'].privileged", value: true },
    });
  });
});

describe("ecs-container-root-user", () => {
  test.each(["root", "0", "00", "0:0", "root:root", "0:1000", " root ", ""])(
    "%j is root, or nobody in particular",
    (user) => {
      expect(statuses(rootUser.evaluate(withUser(user), context))).toEqual(["FAIL"]);
    },
  );
  test.each(["1000", "1000:0", "app", "app:app", "10", "rooty", "65532:65532"])("%j is not root", (user) => {
    expect(statuses(rootUser.evaluate(withUser(user), context))).toEqual(["PASS"]);
  });
  test("no user says that the image decides, and that the image is not known", () => {
    const [result] = rootUser.evaluate(withUser(undefined), context);
    expect(result).toMatchObject({ status: "FAIL", evidence: { value: null } });
    expect(JSON.stringify(result)).toContain("the image's own user");
  });
  test.each(["WINDOWS_SERVER_2022_CORE", "windows_server_2019_full"])(
    "%s is not applicable, and says why",
    (system) => {
      const [result] = rootUser.evaluate(withUser(undefined, system), context);
      expect(result).toMatchObject({ status: "NOT_APPLICABLE", why: expect.stringContaining(system) });
    },
  );
  test("LINUX stated is as LINUX assumed", () => {
    expect(statuses(rootUser.evaluate(withUser("0", "LINUX"), context))).toEqual(["FAIL"]);
  });
});

/** Built from parts, so that no scanner of this repository takes them for the real thing. */
const made = (...parts: string[]) => parts.join("");

describe("ecs-plain-secret", () => {
  test.each([
    ["ANYTHING", made("AKIA", "ABCDEFGHIJKLMNOP"), "aws-access-key"],
    ["CONFIG", made("-----BEGIN RSA ", "PRIVATE KEY-----\nMIIE"), "private-key"],
    ["X", made("ghp", "_", "a".repeat(36)), "github-token"],
    ["X", made("glpat", "-", "b".repeat(20)), "gitlab-token"],
    ["X", made("xoxb", "-123456789012-abc"), "slack-token"],
    ["X", made("https://hooks.slack", ".com/services/T0000000/B000/xyz"), "slack-webhook"],
    ["X", made("sk", "_live_", "c".repeat(24)), "stripe-key"],
    ["X", made("AIza", "d".repeat(35)), "google-api-key"],
    ["X", made("eyJ", "hbGciOiJIUzI1NiJ9", ".eyJ", "zdWIiOiIxMjM0NSJ9", ".c2lnbmF0dXJl"), "json-web-token"],
    ["DATABASE_URL", "postgres://app:hunter2@db.internal:5432/shop", "url-credentials"],
    ["AWS_SECRET_ACCESS_KEY", "anything at all", "credential-name"],
    ["DB_PASSWORD", "hunter2", "password-name"],
    ["DB_PASSWORD", "1234", "password-name"],
    ["dbPassword", "/tmp", "password-name"],
    ["SMTP_PASS", "s3cr3t", "password-name"],
    ["SESSION_SECRET", "f81d4fae7dec", "secret-name"],
    ["PAYMENT_API_KEY", "k-12345678", "secret-name"],
    ["ACCESS_TOKEN", "opaque-value-1", "secret-name"],
  ])("%s is taken for a secret", (name, value, rule) => {
    expect(secretRule(name, value)?.id).toBe(rule);
  });

  test.each([
    ["DB_PASSWORD", ""],
    ["DB_PASSWORD", "changeme"],
    ["DB_PASSWORD", "<your password>"],
    ["DB_PASSWORD", made("$", "{DB_PASSWORD}")],
    ["DB_PASSWORD", "{{ password }}"],
    ["DB_PASSWORD", "$DB_PASSWORD"],
    ["DB_PASSWORD", "********"],
    ["DB_PASSWORD", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"],
    ["DB_PASSWORD_FILE", "/run/secrets/db"],
    ["DB_SECRET_NAME", "prod/db"],
    ["ALLOW_EMPTY_PASSWORD", "yes"],
    ["MAX_TOKENS", "4096"],
    ["TOKEN_TTL", "3600"],
    ["TOKEN_URL", "https://login.example/token"],
    ["SECRET_TOKEN", "https://login.example/token"],
    ["DATABASE_URL", "postgres://db.internal:5432/shop"],
    ["DATABASE_URL", made("postgres://app:$", "{PASSWORD}@db.internal/shop")],
    ["LOG_LEVEL", "DEBUG"],
    ["KEYBOARD", "qwerty-layout"],
    ["MONKEY", "banana-banana"],
  ])("%s=%s is not", (name, value) => {
    expect(secretRule(name, value)).toBeUndefined();
  });

  test("its results hold the name, the rule and a hash, and never the value", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            name: fc.constantFrom("DB_PASSWORD", "API_TOKEN", "X"),
            value: fc.string({ minLength: 6, unit: "grapheme-ascii" }),
          }),
        ),
        (environment) => {
          const results = plainSecret.evaluate(definition("web", 1, [container("app", { environment })]), context);
          const text = JSON.stringify(results);
          const shown = new Set([
            "containerDefinitions",
            "environment",
            "password-name",
            "secret-name",
            "valueHash",
            "0badc0de",
          ]);
          for (const { value } of environment) {
            const escaped = JSON.stringify(value).slice(1, -1);
            if (![...shown].some((word) => word.includes(value))) expect(text).not.toContain(escaped);
          }
        },
      ),
    );
  });

  test("hostile values cost nothing", () => {
    const started = performance.now();
    for (const unit of ["eyJaaaaaaaaaa.", "a://", "-----BEGIN ", "AKIA", "${{", "x", "postgres://a:", "AA "]) {
      secretRule("DB_PASSWORD", unit.repeat(400_000 / unit.length));
      secretRule(unit.repeat(50_000 / unit.length), "x".repeat(100_000));
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
