/**
 * The spine with real parts: Debian's docker-registry, images of this data set and one that mmdebstrap builds, pushed
 * by skopeo to a platform that runs as a process; real advisories; Slack and mail receivers on loopback.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../cli/client.ts";
import { mailReceiver, slackReceiver } from "../../local/demo/receivers.ts";
import * as schemas from "../../shared/api/schemas.ts";
import { reportSchema } from "../../shared/findings/report.ts";
import { type DockerRegistry, missingTools, startDockerRegistry } from "../support/docker-registry.ts";
import { eventually, type RunningPlatform, runCli, startPlatform } from "../support/running-platform.ts";
import { sharedData } from "../support/shared-data.ts";

const execute = promisify(execFile);
const missing = missingTools("docker-registry", "skopeo", "mmdebstrap", "umoci");
const folder = mkdtempSync(join(tmpdir(), "portwarden-e2e-"));
const data = join(folder, "data");

describe.skipIf(sharedData === undefined || missing.length > 0)(
  "a push to a real registry (needs the shared data, docker-registry, skopeo, mmdebstrap)",
  () => {
    const images = `${sharedData ?? ""}images/`;
    let platform: RunningPlatform;
    let registry: DockerRegistry;
    let slack: Awaited<ReturnType<typeof slackReceiver>>;
    let mail: Awaited<ReturnType<typeof mailReceiver>>;

    const client = () => connect({ data });
    const imageOf = (digest: string) =>
      eventually(`a scan of ${digest}`, 60, async () => {
        const answer = await client()
          .get(`/v1/images/${digest}`, schemas.imageByDigest)
          .catch(() => undefined);
        return answer?.images.find(({ scan }) => scan !== undefined);
      });
    const findingsOf = async (image: string) =>
      (await client().get("/v1/findings", schemas.findingPage, { image, limit: "1000" })).findings;

    beforeAll(async () => {
      const loaded = await runCli("advisories", "update", "--from", `${sharedData}advisories`, "--data", data);
      expect(loaded.code, loaded.stderr).toBe(0);
      [slack, mail] = await Promise.all([slackReceiver(), mailReceiver()]);
      platform = await startPlatform({
        data,
        environment: {
          PORTWARDEN_SLACK_WEBHOOK_URL: slack.url,
          PORTWARDEN_SMTP_URL: mail.url,
          PORTWARDEN_MAIL_TO: "team@example.com",
        },
      });
      registry = await startDockerRegistry(join(folder, "registry"), {
        url: platform.url,
        secret: platform.webhookSecret,
      });
    }, 300_000);

    afterAll(async () => {
      await registry?.stop();
      const code = await platform?.end("SIGTERM");
      await Promise.all([slack?.close(), mail?.close()]);
      rmSync(folder, { recursive: true, force: true });
      expect(code).toBe(0);
    });

    it("finds what is vulnerable in a Debian image, and tells Slack and email once", async () => {
      const digest = await registry.push(`oci-archive:${images}built/skeleton-trixie.oci.tar`, "team/trixie", "1.0");
      const image = await imageOf(digest);
      expect(image.tags).toEqual(["1.0"]);
      expect(image.scan?.status).toBe("complete");
      const findings = await findingsOf(`${image.registry}/team/trixie@${digest}`);
      expect(findings.length).toBeGreaterThan(10);
      for (const finding of findings.filter(({ kind }) => kind === "vulnerability")) {
        expect(finding.rule).toMatch(/^(CVE|TEMP|DSA|DLA)-/);
        expect(finding.evidence["comparison"]).toBeTruthy();
        expect(finding.evidence["locations"]).not.toEqual([]);
      }
      const posted = await slack.wait(1);
      expect(JSON.stringify(posted.blocks)).toContain("team/trixie:1.0");
      const received = await mail.wait(1);
      expect(received.subject).toContain("team/trixie:1.0");
      expect(received.html).toBeTruthy();
    });

    it("says nothing twice when the same image is pushed again", async () => {
      const before = slack.received.length;
      const digest = await registry.push(`oci-archive:${images}built/skeleton-trixie.oci.tar`, "team/trixie", "1.0");
      await eventually("an idle platform", 30, async () => {
        const { queues } = await client().get("/v1/queues", schemas.queueList);
        return queues.every(({ waiting, inFlight }) => waiting + inFlight === 0) ? true : undefined;
      });
      expect((await imageOf(digest)).scan).toBeDefined();
      expect(slack.received).toHaveLength(before);
    });

    it("scans every kind of image of the data set, each to an answer", async () => {
      const sources = [
        "oci-archive:built/alpine-3.12.oci.tar",
        "oci-archive:built/distroless-debian12.oci.tar",
        "oci-archive:built/skeleton-noble.oci.tar",
        "oci-archive:built/alma9-micro-2022.oci.tar",
        "oci-archive:built/rpm-amazonlinux2023-sqlite.oci.tar",
        "oci-archive:built/alpine-3.20-zstd-layers.oci.tar",
        "docker-archive:docker-archives/hello-world.tar",
      ];
      for (const [index, source] of sources.entries()) {
        const [kind, path] = source.split(":");
        const digest = await registry.push(`${kind}:${images}${path}`, "team/many", `v${index}`);
        const { scan } = await imageOf(digest);
        expect(scan?.status, source).toMatch(/^(complete|partial)$/);
        const problems = await findingsOf(`${registry.address}/team/many@${digest}`);
        // A distribution that no advisory is known for is said so, never passed in silence.
        expect(problems.length, source).toBeGreaterThan(0);
      }
    });

    it("agrees with the inventory that dpkg itself prints for an image built by mmdebstrap", async () => {
      const tar = join(folder, "minbase.tar");
      const mirror = (
        await execute("sh", ["-c", "awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/debian.sources"])
      ).stdout.trim();
      await execute("mmdebstrap", ["--variant=minbase", "bookworm", tar, ...(mirror === "" ? [] : [mirror])], {
        maxBuffer: 1e8,
      });
      const layout = join(folder, "minbase-oci");
      await execute("umoci", ["init", "--layout", layout]);
      await execute("umoci", ["new", "--image", `${layout}:latest`]);
      await execute("umoci", [
        "raw",
        "add-layer",
        "--image",
        `${layout}:latest`,
        "--history.created_by",
        "mmdebstrap bookworm",
        tar,
      ]);
      const digest = await registry.push(`oci:${layout}:latest`, "team/minbase", "12");
      const image = await imageOf(digest);
      const rootfs = join(folder, "rootfs");
      await execute("sh", [
        "-c",
        `mkdir -p ${rootfs} && tar -C ${rootfs} --exclude='./dev/*' -xf ${tar} ./var/lib/dpkg`,
      ]);
      const query = await execute(
        "dpkg-query",
        ["--admindir", join(rootfs, "var/lib/dpkg"), "-W", "-f", "$" + "{Package} $" + "{Version}\n"],
        { maxBuffer: 1e8 },
      );
      const expected = query.stdout.trim().split("\n").sort();
      const inventory = await runCli(
        "inventory",
        `${registry.address}/team/minbase:12`,
        "--format",
        "json",
        "--data",
        data,
      );
      expect(inventory.code, inventory.stderr).toBe(0);
      const { packages } = JSON.parse(inventory.stdout) as {
        packages: { type: string; name: string; version: string; ownedBy?: string }[];
      };
      // Executables tell of themselves too; those that dpkg installed say so.
      const installed = packages.filter(({ type }) => type === "deb");
      expect(installed.map(({ name, version }) => `${name} ${version}`).sort()).toEqual(expected);
      expect(packages.filter(({ type, ownedBy }) => type !== "deb" && ownedBy === undefined)).toEqual([]);
      expect(image.scan?.packages).toBe(packages.length);
      const { findings } = await client().get("/v1/findings", schemas.findingPage, {
        repository: `${registry.address}/team/minbase`,
        limit: "1000",
      });
      expect(findings.some(({ rule }) => rule.startsWith("CVE-"))).toBe(true);
    }, 300_000);

    it("scans on request, and shows a missing image as a failed scan with its reason", async () => {
      const request = await client().post("/v1/scans", schemas.scanAccepted, {
        image: `${registry.address}/team/none:1`,
      });
      const report = await eventually("the report", 30, () =>
        client()
          .get(`/v1/scans/${request.request}`, reportSchema)
          .catch(() => undefined),
      );
      expect(report.status).toBe("failed");
      expect(report.problems[0]?.code).toBe("image-gone");
    });

    it("closes the findings of a deleted image", async () => {
      const digest = await registry.push(`oci-archive:${images}built/alpine-3.12.oci.tar`, "team/gone", "1");
      const name = `${registry.address}/team/gone@${digest}`;
      // The same image is known from another repository: its scan here is told by its findings alone.
      await eventually("findings", 30, async () => ((await findingsOf(name)).length > 0 ? true : undefined));
      await registry.remove("team/gone", digest);
      await eventually("closed findings", 30, async () => ((await findingsOf(name)).length === 0 ? true : undefined));
    });

    it("refuses what is not signed, and a second platform on the same data", async () => {
      const refused = await fetch(`${platform.url}/v1/hooks/distribution`, { method: "POST", body: '{"events":[]}' });
      expect(refused.status).toBe(401);
      expect(await refused.text()).not.toMatch(/secret|token/i);
      expect((await fetch(`${platform.url}/v1/findings`)).status).toBe(401);
      await expect(startPlatform({ data })).rejects.toThrow(/data-directory-in-use/);
    });
  },
);
