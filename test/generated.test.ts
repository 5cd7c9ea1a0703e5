/** What is true of the whole tree: the lists of plug-ins, the walls between the rooms, and the size of a door. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { registries, render } from "../.ci/generate.ts";
import { productVersion } from "../shared/platform/version.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const filesOf = (pattern: string) =>
  globSync(pattern, { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .sort();

/** The modules that a file imports, statically, as types or when it runs: packages by name, others by path from the root. */
function importsOf(file: string): string[] {
  const specifiers = [...read(file).matchAll(/(?:^|[^.\w])(?:from|import)\s*\(?\s*"([^"\n]+)"/g)];
  return specifiers.map(([, specifier = ""]) =>
    specifier.startsWith(".") ? normalize(join(dirname(file), specifier)).replaceAll("\\", "/") : specifier,
  );
}

describe("the generated lists", () => {
  it.each(registries.map((registry) => ({ list: registry.list, registry })))(
    "$list is what its folders hold",
    ({ registry }) => {
      expect(read(registry.list)).toBe(render(registry));
      expect(filesOf(registry.files).length).toBeGreaterThan(0);
    },
  );

  it("are all made by the script", () => {
    const lists = filesOf("{functions,shared,infra,local,cli}/**/*.generated.ts");
    expect(lists).toEqual(registries.map(({ list }) => list).sort());
  });
});

it("the version of the product is that of its package", () => {
  const { version } = JSON.parse(read("package.json")) as { version: string };
  expect(productVersion).toBe(version);
});

describe("the rooms", () => {
  const rooms = filesOf("shared/**/*.ts");
  const maySeeAws = /^shared\/(clouds\/aws|platform\/aws)\//;
  const cloudPackage = /^(@aws-sdk|@aws-lambda-powertools|@middy|@smithy|aws-|@google-cloud|@azure|@kubernetes)/;

  it("import no cloud SDK, but those whose business it is", () => {
    const seen = rooms.filter((file) => importsOf(file).some((name) => cloudPackage.test(name)));
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.filter((file) => !maySeeAws.test(file))).toEqual([]);
  });

  it("import nothing of the doors, the hosts and the command line", () => {
    const outside = /^(functions|local|cli|infra|console|bench|test)\//;
    const wrong = rooms.flatMap((file) =>
      importsOf(file)
        .filter((name) => outside.test(name))
        .map((name) => `${file} -> ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it("do not know which cloud they run on: adapters are imported by adapters only", () => {
    const wrong = rooms
      .filter((file) => !/^shared\/(platform|clouds)\//.test(file))
      .filter((file) => importsOf(file).some((name) => /^shared\/(platform\/(aws|embedded)|clouds\/aws)\//.test(name)));
    expect(wrong).toEqual([]);
  });

  it("do not read the environment", () => {
    // The Lambda entry's text hands it to the handler; the SDK's credentials of a function stand nowhere else.
    const justified = ["shared/platform/aws/entry.ts", "shared/platform/aws/lambda-credentials.ts"];
    expect(rooms.filter((file) => /process\s*\.\s*env|process\[/.test(read(file)))).toEqual(justified);
  });

  it("neither run programs nor evaluate text", () => {
    // Docker's credential helpers are programs: https://docs.docker.com/reference/cli/docker/login/#credential-helper-protocol
    const running = rooms.filter((file) => importsOf(file).some((name) => /^(node:)?(child_process|vm)$/.test(name)));
    expect(running).toEqual(["shared/registry/credentials/helper.ts"]);
    expect(rooms.filter((file) => /\beval\(|new Function\(/.test(read(file)))).toEqual([]);
  });
});

it("a door only adapts: no file of functions/ is longer than forty lines", () => {
  const doors = filesOf("functions/*/*.ts");
  expect(doors.length).toBeGreaterThan(10);
  for (const file of doors) expect(read(file).trimEnd().split("\n").length, file).toBeLessThanOrEqual(40);
});
