/** `portwarden versions` as people and pipelines run it. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { schemeNames } from "../../shared/versions/compare.ts";
import { runCli } from "../support/running-platform.ts";

const main = fileURLToPath(new URL("../../cli/portwarden.mjs", import.meta.url));

function bulk(scheme: string, input: string | Buffer) {
  const started = performance.now();
  const { status, stdout } = spawnSync(process.execPath, [main, "versions", "compare", scheme, "-"], {
    input,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return { status, lines: stdout.trimEnd().split("\n"), seconds: (performance.now() - started) / 1000 };
}

it("prints how two versions are ordered", async () => {
  const verdicts = await Promise.all([
    runCli("versions", "compare", "deb", "1.0~rc1-1", "1.0-1"),
    runCli("versions", "compare", "pep440", "1.0.0", "1"),
    runCli("versions", "compare", "semver", "1.10.0", "1.9.0"),
  ]);
  expect(verdicts.map(({ code, stdout }) => [code, stdout])).toEqual([
    [0, "<\n"],
    [0, "=\n"],
    [0, ">\n"],
  ]);
});

it("ends with 2 and says which version cannot be read, and by whose rules", async () => {
  const unreadable = await runCli("versions", "compare", "deb", "1.0", "1.0_2\u001b[31m");
  expect(unreadable).toMatchObject({ code: 2, stdout: "" });
  expect(unreadable.stderr).toBe('portwarden: "1.0_2\\u001b[31m" is not a deb version (version-unparsable)\n');
  const unknown = await runCli("versions", "compare", "dpkg", "1.0", "1.1");
  expect(unknown).toMatchObject({ code: 2, stdout: "" });
  expect(unknown.stderr).toMatch(/no version scheme "dpkg" \(.*\bdeb\b/);
  expect(await runCli("versions", "compare", "deb", "1.0")).toMatchObject({ code: 2, stdout: "" });
});

it("answers each line of standard input with one line", () => {
  const { status, lines } = bulk("rpm", "1.0-1\t1.0-2\n1:1-1\t2-1\r\n\n1 1\n1\t1\t1\n(none)\t1\n1\t\u202e\n1\t1");
  expect(status).toBe(0);
  expect(lines).toEqual([
    "<",
    ">",
    "?\tnot two versions with a tab between them",
    "?\tnot two versions with a tab between them",
    "?\tnot two versions with a tab between them",
    '?\t"(none)" is not a rpm version',
    '?\t" " is not a rpm version',
    "=",
  ]);
});

it("reads 100,000 pairs at once, and lines without end in little memory", () => {
  const pairs = Array.from({ length: 100_000 }, (_, index) => `1.${index}-1\t1.${99_999 - index}-1+deb12u1`);
  const { lines, seconds } = bulk("deb", `${pairs.join("\n")}\n`);
  expect(lines).toHaveLength(100_000);
  expect(lines.filter((line) => line === "<")).toHaveLength(50_000);
  expect(seconds).toBeLessThan(10);
  const endless = Buffer.alloc(50_000_000, "1");
  endless.write("\n1\t2\n", endless.length - 5);
  expect(bulk("deb", endless).lines).toEqual(["?\tthe line is too long", "<"]);
});

it("lists the schemes and their ecosystems", async () => {
  const { code, stdout } = await runCli("versions", "list");
  expect(code).toBe(0);
  const listed = stdout
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(" ", 1)[0]);
  expect(listed).toEqual(schemeNames);
  expect(stdout).toMatch(/^deb +Debian, Ubuntu/m);
});
