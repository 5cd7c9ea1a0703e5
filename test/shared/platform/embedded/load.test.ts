import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryDirectory } from "./support.ts";

test("a thousand large messages at once need little memory, and an idle store no processor", async () => {
  using directory = temporaryDirectory();
  const child = fileURLToPath(new URL("./load-child.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--max-old-space-size=40", child, directory.path]);
  const { handled, idleMilliseconds } = JSON.parse(stdout) as { handled: number; idleMilliseconds: number };
  expect(handled).toBe(1000);
  expect(idleMilliseconds).toBeLessThan(30);
});
