import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { PermanentError } from "../../../shared/platform/errors.ts";
import { dockerConfigCredentials } from "../../../shared/registry/credentials/docker-config.ts";
import { firstOf } from "../../../shared/registry/credentials/first-of.ts";
import { settingsCredentials } from "../../../shared/registry/credentials/settings.ts";
import { codeOf, silentLog } from "../../support/registry.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portwarden-credentials-"));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const base64 = (text: string) => Buffer.from(text).toString("base64");
let configs = 0;
async function withConfig(config: unknown) {
  configs++;
  const directory = join(folder, `config-${configs}`);
  await mkdir(directory);
  await writeFile(join(directory, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
  return directory;
}

/** Puts `docker-credential-NAME`, a shell script, on the path. It finds what it was asked in `NAME.asked`. */
async function helper(name: string, script: string): Promise<() => Promise<string>> {
  const path = join(folder, `docker-credential-${name}`);
  await writeFile(
    path,
    `#!/bin/sh\ncat > "${folder}/${name}.asked"; echo "$1" >> "${folder}/${name}.asked"\n${script}\n`,
  );
  await chmod(path, 0o755);
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env["PATH"]}`);
  return () => readFile(join(folder, `${name}.asked`), "utf8");
}

describe("Docker's configuration", () => {
  test("passwords and tokens, however the registry is spelled", async () => {
    const source = dockerConfigCredentials(
      await withConfig({
        auths: {
          "https://index.docker.io/v1/": { auth: base64("hub:pass:word") },
          "ghcr.io": { auth: base64("cat:\u0000"), identitytoken: "refresh" },
          "https://quay.io/v2/": { username: "q", password: "w" },
          "token.example": { registrytoken: "bearer" },
          "user.example:5000": { auth: base64("<token>:refresh") },
          "empty.example": {},
          "broken.example": { auth: "!!!" },
        },
        psFormat: "ignored",
      }),
    );
    expect(await source("docker.io")).toEqual({ kind: "basic", username: "hub", password: "pass:word" });
    expect(await source("ghcr.io")).toEqual({ kind: "refresh", token: "refresh" });
    expect(await source("quay.io")).toEqual({ kind: "basic", username: "q", password: "w" });
    expect(await source("token.example")).toEqual({ kind: "bearer", token: "bearer" });
    expect(await source("user.example:5000")).toEqual({ kind: "refresh", token: "refresh" });
    for (const none of [
      "user.example",
      "empty.example",
      "broken.example",
      "other.example",
      "__proto__",
      "constructor",
    ]) {
      expect(await source(none)).toBeUndefined();
    }
  });

  test("no file is no credentials, a bad one is an error that does not repeat it", async () => {
    expect(await dockerConfigCredentials(join(folder, "none"))("ghcr.io")).toBeUndefined();
    for (const bad of [
      "{ secret",
      '{"auths": {"a": {"auth": 7, "secret": 1}}}',
      { credsStore: "../../bin/sh" },
      "[]secret",
    ]) {
      const failed = dockerConfigCredentials(await withConfig(bad))("ghcr.io");
      await expect(failed).rejects.toThrow(expect.objectContaining({ code: "docker-config-invalid" }));
      await expect(failed).rejects.toThrow(expect.not.stringContaining("secret"));
    }
  });

  test("helpers are asked by the protocol, the registry's own before the common one", async () => {
    const asked = await helper("mine", `echo '{"ServerURL":"x","Username":"u","Secret":"s"}'`);
    const common = await helper("common", `echo '{"ServerURL":"x","Username":"<token>","Secret":"t"}'`);
    const source = dockerConfigCredentials(
      await withConfig({ credsStore: "common", credHelpers: { "ghcr.io": "mine" }, auths: { "ghcr.io": {} } }),
    );
    expect(await source("ghcr.io")).toEqual({ kind: "basic", username: "u", password: "s" });
    expect(await asked()).toBe("ghcr.io\nget\n");
    expect(await source("docker.io")).toEqual({ kind: "refresh", token: "t" });
    expect(await common()).toBe("https://index.docker.io/v1/\nget\n");
  });

  test("a helper that has none, fails, floods, hangs or is missing leaves the registry anonymous, and says why", async () => {
    await helper("none", "echo 'credentials not found in native keychain'; exit 1");
    await helper("failing", "echo secret-output; exit 3");
    await helper("flooding", "yes secret-output");
    await helper("hanging", "exec sleep 30");
    await helper("talking", "echo secret-output");
    for (const [name, warned] of [
      ["none", false],
      ["failing", true],
      ["flooding", true],
      ["hanging", true],
      ["talking", true],
      ["missing", true],
    ] as const) {
      const warnings: string[] = [];
      const log = {
        ...silentLog,
        warn: (message: string, fields?: object) => void warnings.push(message + JSON.stringify(fields)),
      };
      const directory = await withConfig({ credsStore: name });
      expect(await dockerConfigCredentials(directory, { log, helperMilliseconds: 300 })("ghcr.io")).toBeUndefined();
      expect([name, warnings.length > 0]).toEqual([name, warned]);
      expect(warnings.join()).not.toContain("secret-output");
    }
  });
});

describe("the settings' credentials", () => {
  const secrets = {
    get: (name: string) =>
      name === "missing"
        ? Promise.reject(new PermanentError("secret-missing", "no such secret"))
        : Promise.resolve(`value of ${name}\n`),
  };
  const entry = (registry: string, passwordSecret: string, username = "u") => ({ registry, username, passwordSecret });

  test("the first entry that matches counts", async () => {
    const source = settingsCredentials(
      {
        credentials: [entry("ghcr.io", "one"), entry("*.example", "two", "<token>"), entry("*", "missing")],
      },
      secrets,
    );
    expect(await source("ghcr.io")).toEqual({ kind: "basic", username: "u", password: "value of one" });
    expect(await source("a.example")).toEqual({ kind: "refresh", token: "value of two" });
    expect(await codeOf(source("quay.io"))).toBe("secret-missing");
    expect(await settingsCredentials({ credentials: [] }, secrets)("ghcr.io")).toBeUndefined();
  });

  test("the first source that knows the registry answers", async () => {
    const known = (host: string, token: string) => (registry: string) =>
      Promise.resolve(registry === host ? ({ kind: "bearer", token } as const) : undefined);
    const source = firstOf(known("a", "1"), known("a", "2"), known("b", "3"));
    expect(await source("a")).toEqual({ kind: "bearer", token: "1" });
    expect(await source("b")).toEqual({ kind: "bearer", token: "3" });
    expect(await source("c")).toBeUndefined();
  });
});
