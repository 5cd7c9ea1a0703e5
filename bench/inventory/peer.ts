/** The scanner that npm has, pinned in `peer/` and installed outside of the tree when it is first needed. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const manifests = ["package.json", "package-lock.json"].map((name) => join(import.meta.dirname, "peer", name));

/**
 * Installs it, unless it is there: in the user's own cache, because what stands in a shared folder might be somebody
 * else's code.
 * @returns where its node_modules stand; undefined, with a word on standard error, when it cannot be installed
 */
export function installPeer(): string | undefined {
  const hash = createHash("sha256");
  for (const file of manifests) hash.update(readFileSync(file));
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const place = join(cache, "portwarden", `bench-peer-${hash.digest("hex").slice(0, 12)}`);
  if (existsSync(place)) return place;
  const part = `${place}.part`;
  mkdirSync(part, { recursive: true });
  for (const file of manifests) copyFileSync(file, join(part, file.slice(file.lastIndexOf("/") + 1)));
  const parameters = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", part];
  const { status, error, stderr } = spawnSync("npm", parameters, { cwd: part, encoding: "utf8" });
  if (status !== 0) {
    console.error(`snyk-docker-plugin is left out, npm could not install it: ${error?.message ?? stderr.slice(-500)}`);
    return undefined;
  }
  renameSync(part, place);
  return place;
}
