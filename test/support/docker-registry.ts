/** Debian's docker-registry, with notifications, and skopeo to push to it: the real parts of the end-to-end tests. */
import { execFile, spawn, spawnSync } from "node:child_process";
import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Which of the tools are missing here. In CI nothing may be. */
export function missingTools(...tools: readonly string[]): string[] {
  const missing = tools.filter((tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0);
  if (missing.length > 0 && process.env["CI"]) throw new Error(`missing in CI: ${missing.join(", ")}`);
  if (missing.length > 0)
    console.warn(`skipped, because these are not installed: ${missing.join(", ")} (.ci/run installs them)`);
  return missing;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}

export interface DockerRegistry {
  readonly address: string;
  /** Copies an image (`oci-archive:FILE`, `docker-archive:FILE`, `oci:DIR`) into it; returns its digest. */
  push(source: string, repository: string, tag: string): Promise<string>;
  remove(repository: string, digest: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts docker-registry on loopback, with its storage in a folder, notifying the platform. */
export async function startDockerRegistry(
  folder: string,
  notify: { readonly url: string; readonly secret: string },
): Promise<DockerRegistry> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  mkdirSync(folder, { recursive: true });
  const configuration = {
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "storage") }, delete: { enabled: true } },
    http: { addr: address },
    notifications: {
      endpoints: [
        {
          name: "portwarden",
          url: `${notify.url}/v1/hooks/distribution`,
          headers: { Authorization: [`Bearer ${notify.secret}`] },
          timeout: "2s",
          threshold: 3,
          backoff: "200ms",
        },
      ],
    },
  };
  const file = join(folder, "config.yml");
  writeFileSync(file, JSON.stringify(configuration));
  const log = createWriteStream(join(folder, "registry.log"));
  const child = spawn("docker-registry", ["serve", file], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for (let tries = 0; ; tries++) {
    const up = await fetch(`http://${address}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (up) break;
    if (tries > 100 || child.exitCode !== null)
      throw new Error(`docker-registry does not start; see ${folder}/registry.log`);
    await sleep(100);
  }
  return {
    address,
    async push(source, repository, tag) {
      const target = `docker://${address}/${repository}:${tag}`;
      await execute("skopeo", ["--insecure-policy", "copy", "-q", "--dest-tls-verify=false", source, target]);
      const inspect = ["--insecure-policy", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", target];
      return (await execute("skopeo", inspect)).stdout.trim();
    },
    async remove(repository, digest) {
      const response = await fetch(`http://${address}/v2/${repository}/manifests/${digest}`, { method: "DELETE" });
      if (!response.ok) throw new Error(`deleting answered ${response.status}`);
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
      log.end();
    },
  };
}
