import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BuiltImage, blob, buildImage, digestOf, indexOf } from "../../../local/demo/build-image.ts";
import { recordRunning } from "../../../shared/images/running.ts";
import { readTag } from "../../../shared/images/store.ts";
import { TransientError } from "../../../shared/platform/errors.ts";
import { settingsSchema } from "../../../shared/platform/settings.ts";
import { type FaultyRegistry, isBlob, isManifest, startFaultyRegistry } from "../../support/registry.ts";
import { at, eventsOf, makeWorld, npmImage } from "./world.ts";

const arm64 = { os: "linux", architecture: "arm64" };
const vulnerable = { minimist: "0.0.8", ini: "1.3.5" };
const minimist = ["CVE-2020-7598", "CVE-2021-44906"];
const ini = "CVE-2020-7788";

let registry: FaultyRegistry;
beforeAll(async () => {
  registry = await startFaultyRegistry();
});
afterAll(() => registry.close());

let repositories = 0;
/** A repository of its own, and its events. */
function repository() {
  const name = `team/app-${++repositories}`;
  return {
    name,
    resource: (digest: string) => `${registry.address}/${name}@${digest}`,
    ...eventsOf(registry.address, name),
  };
}

/** A digest as short names of findings end with it. */
const short = (image: { readonly manifest: { readonly digest: string } }) =>
  image.manifest.digest.slice("sha256:".length, "sha256:".length + 8);

async function removeManifest(repository: string, digest: string): Promise<void> {
  const response = await fetch(`${registry.url}/v2/${repository}/manifests/${digest}`, { method: "DELETE" });
  expect(response.status).toBe(202);
}

describe("the scan of one image", () => {
  it("finds, records, tells and counts once", async () => {
    const world = await makeWorld({ settings: { notifications: { linkBase: "https://portwarden.example.com/" } } });
    const { name, pushed, resource } = repository();
    const image = npmImage(vulnerable);
    await registry.push(image, name, "1.0");
    const event = pushed(image, { tags: ["1.0"], pusher: "ana" });
    await world.handle(event);

    const findings = world.findings();
    expect(findings.map(({ rule }) => rule).sort()).toEqual([...minimist, ini].sort());
    for (const finding of findings) {
      expect(finding.resource).toEqual({ type: "image", id: resource(image.manifest.digest) });
      expect(finding.evidence["locations"]).toMatchObject([{ step: "RUN npm ci", layer: image.diffIds[1] }]);
      expect(await world.transitions(finding)).toEqual(["opened"]);
    }
    expect(world.image(image.manifest.digest)).toMatchObject({
      kind: "image",
      platform: "linux/amd64",
      pusher: "ana",
      firstSeenAt: at(1),
      scan: { status: "complete", packages: 2, open: { critical: 1, high: 1, medium: 1 }, problems: [] },
    });
    const report = await world.report(event);
    expect(report).toMatchObject({
      status: "complete",
      cause: "pushed by ana",
      subject: { name: `${registry.address}/${name}:1.0`, tags: ["1.0"], digest: image.manifest.digest },
      open: { critical: 1, high: 1, medium: 1 },
      warnings: [],
    });
    expect(report.introduced.map(({ severity }) => severity)).toEqual(["critical", "high", "medium"]);
    expect(report.introduced[0]?.link).toBe(`https://portwarden.example.com/v1/findings/${report.introduced[0]?.id}`);
    expect(world.completed()).toMatchObject([{ scanId: report.id, status: "complete", introduced: 3, fixed: 0 }]);
    expect(world.counted.get("scans")).toBe(1);
  });

  it("does nothing when the same event comes again, and reads no layer for another event", async () => {
    const world = await makeWorld();
    const { name, pushed } = repository();
    const image = npmImage(vulnerable, { salt: "again" });
    await registry.push(image, name, "1.0");
    const event = pushed(image, { tags: ["1.0"] });
    await world.handle(event);
    const before = world.platform.table.items();
    const asked = registry.seen.length;
    await world.handle(event);
    expect(world.platform.table.items()).toEqual(before);
    expect(registry.seen.length).toBe(asked);

    const retag = pushed(image, { tags: ["latest"], time: at(5) });
    await world.handle(retag);
    expect(registry.seen.slice(asked).filter((line) => line.includes("/blobs/"))).toEqual([
      `GET /v2/${name}/blobs/${image.config.digest}`,
    ]);
    expect(await world.report(retag)).toMatchObject({
      introduced: [],
      fixed: [],
      subject: { tags: ["1.0", "latest"] },
    });
    expect(world.completed()).toHaveLength(2);
    for (const finding of world.findings()) expect(await world.transitions(finding)).toEqual(["opened"]);
  });

  it("is one scan when the queue delivers it twice at the same time", async () => {
    const world = await makeWorld();
    const { name, pushed } = repository();
    const image = npmImage(vulnerable, { salt: "twice at once" });
    await registry.push(image, name, "1.0");
    const event = pushed(image, { tags: ["1.0"] });
    await Promise.all([world.handle(event), world.handle(event)]);
    for (const finding of world.findings()) expect(await world.transitions(finding)).toEqual(["opened"]);
    expect(await world.report(event)).toMatchObject({ introduced: [{}, {}, {}] });
    // Written once: a second write of the record would be a second event.
    const outbox = world.platform.table.items().filter(({ pk }) => pk.startsWith("outbox#"));
    expect(outbox.map(({ version }) => version)).toEqual([1]);
  });

  it("tells what is new and fixed against the image its tag pointed at before", async () => {
    const world = await makeWorld();
    const { name, pushed } = repository();
    const one = npmImage({ minimist: "0.0.8", ini: "1.3.5" }, { salt: "one" });
    const two = npmImage({ ini: "1.3.5", y18n: "4.0.0" }, { salt: "two" });
    await registry.push(one, name, "1.0");
    await registry.push(two, name, "1.0");
    await world.handle(pushed(one, { tags: ["1.0"], time: at(1) }));
    const second = pushed(two, { tags: ["1.0"], time: at(2) });
    await world.handle(second);
    const report = await world.report(second);
    expect(report.introduced.map(({ rule }) => rule)).toEqual(["CVE-2020-7774"]);
    expect(report.fixed.map(({ rule }) => rule).sort()).toEqual(minimist);
    expect(report.comparedWith).toContain(one.manifest.digest.slice(0, 19));
    // The old image may still run: its findings stay.
    expect(world.open().filter((line) => line.includes(short(one)))).toHaveLength(3);
    expect(await readTag(world.platform.table, second.data, "1.0")).toEqual({
      digest: two.manifest.digest,
      previous: one.manifest.digest,
    });
  });

  it("says that an image without packages could not be judged, and that nothing is fixed by it", async () => {
    const world = await makeWorld();
    const { name, pushed } = repository();
    const one = npmImage(vulnerable, { salt: "before the empty one" });
    const empty = buildImage({ layers: [{ files: [{ path: "hello", content: "binary" }] }] });
    await registry.push(one, name, "1.0");
    await registry.push(empty, name, "1.0");
    await world.handle(pushed(one, { tags: ["1.0"], time: at(1) }));
    const event = pushed(empty, { tags: ["1.0"], time: at(2) });
    await world.handle(event);
    const report = await world.report(event);
    expect(report.status).toBe("partial");
    expect(report.introduced.map(({ rule }) => rule)).toEqual(["no-packages"]);
    expect(report.fixed).toEqual([]);
  });

  it("carries where it runs into findings and their order", async () => {
    const world = await makeWorld();
    const { name, pushed } = repository();
    const image = npmImage(vulnerable, { salt: "running" });
    const index = indexOf([image]);
    await registry.push(index, name, "1.0");
    const running = (scope: string, services: string[]) =>
      recordRunning(world.platform, {
        scope,
        digests: new Map(services.length === 0 ? [] : [[image.manifest.digest, services]]),
        references: new Map([[image.manifest.digest, { registry: registry.address, repository: name }]]),
        cause: { id: `${scope}-${services.length}`, kind: "assessment", time: at(1) },
      });
    // Thirty services in each of two clusters: a finding names fifty of them.
    const services = Array.from({ length: 30 }, (_, index) => `shop-${String(index).padStart(2, "0")}`);
    expect(await running("a", services)).toEqual({
      unscanned: [{ registry: registry.address, repository: name, digest: image.manifest.digest }],
    });
    await running(
      "b",
      services.map((service) => `b-${service}`),
    );
    const event = pushed(index, { tags: ["1.0"] });
    await world.handle(event);
    expect(world.findings().map(({ running: where }) => where.length)).toEqual([50, 50, 50]);
    expect((await world.report(event)).subject.running).toHaveLength(50);

    await running("b", []);
    expect(await running("a", ["shop"])).toEqual({ unscanned: [] });
    expect(world.findings().map(({ running: where }) => where)).toEqual([["shop"], ["shop"], ["shop"]]);
    const listed = world.platform.table.items().filter(({ pk }) => pk.startsWith("list#open#"));
    expect(listed.map(({ pk }) => Number(pk.split("#")[2]) % 2)).toEqual([0, 0, 0]);
  });
});

describe("the scan of an index", () => {
  it("scans every platform under one report and one event, each problem once", async () => {
    const world = await makeWorld();
    const { name, pushed, resource } = repository();
    const amd = npmImage(vulnerable, { salt: "amd64" });
    const arm = npmImage({ minimist: "0.0.8" }, { salt: "arm64", platform: arm64 });
    const statement = blob("application/vnd.oci.image.manifest.v1+json", Buffer.from('{"schemaVersion":2}'));
    const attestation = {
      mediaType: statement.mediaType,
      digest: statement.digest,
      size: statement.size,
      platform: { os: "unknown", architecture: "unknown" },
      annotations: { "vnd.docker.reference.type": "attestation-manifest" },
    };
    const index = indexOf([amd, arm], { extra: [attestation] });
    await registry.push(index, name, "2.0");
    const event = pushed(index, { tags: ["2.0"] });
    await world.handle(event);

    expect(world.open()).toEqual(
      [
        ...[...minimist, ini].map((rule) => `${name}@${short(amd)} ${rule}`),
        ...minimist.map((rule) => `${name}@${short(arm)} ${rule}`),
      ].sort(),
    );
    const report = await world.report(event);
    expect(report.introduced.map(({ rule }) => rule).sort()).toEqual([...minimist, ini].sort());
    expect(report.open).toMatchObject({ critical: 1, high: 1, medium: 1 });
    expect(report.subject.digest).toBe(index.manifest.digest);
    expect(world.completed()).toMatchObject([{ digest: index.manifest.digest, introduced: 3 }]);

    expect(world.image(index.manifest.digest)).toMatchObject({
      kind: "index",
      children: [amd.manifest.digest, arm.manifest.digest],
      attestations: [statement.digest],
      scan: { status: "complete", packages: 3 },
    });
    for (const child of [amd, arm]) {
      expect(world.image(child.manifest.digest)).toMatchObject({ kind: "image", parent: index.manifest.digest });
    }
    expect(world.image(arm.manifest.digest)?.platform).toBe("linux/arm64");
    // It is asked for what it says, once for each platform, and is no image.
    expect(world.images().map(({ digest }) => digest)).not.toContain(statement.digest);
    expect(world.findings().every(({ resource: { id } }) => id !== resource(statement.digest))).toBe(true);
  });

  it("goes on with the other platforms when one fails, says so on the index, and heals", async () => {
    const world = await makeWorld();
    const { name, pushed, requested } = repository();
    const amd = npmImage(vulnerable, { salt: "whole" });
    const arm = npmImage({ y18n: "4.0.0" }, { salt: "broken", platform: arm64 });
    const index = indexOf([amd, arm]);
    await registry.push(index, name, "1.0");
    registry.fail({ when: (exchange) => exchange.path.endsWith(arm.layers[1]?.digest ?? ""), act: { corrupt: true } });
    const event = pushed(index, { tags: ["1.0"] });
    await world.handle(event);
    const report = await world.report(event);
    expect(report.status).toBe("partial");
    expect(report.problems).toMatchObject([{ code: "digest-mismatch" }]);
    expect(report.introduced.filter(({ kind }) => kind === "coverage")).toHaveLength(1);
    expect(world.image(index.manifest.digest)?.scan?.status).toBe("partial");
    expect(world.image(arm.manifest.digest)?.scan?.status).toBe("failed");
    expect(world.image(amd.manifest.digest)?.scan?.status).toBe("complete");
    const failure = "scan-failed/digest-mismatch";
    expect(world.open()).toContain(`${name}@${short(index)} ${failure}`);
    expect(world.open()).toContain(`${name}@${short(arm)} ${failure}`);

    const again = requested({ tag: "1.0" });
    await world.handle(again);
    expect(world.open().filter((line) => line.includes("scan-failed"))).toEqual([]);
    const healed = await world.report(again);
    expect(healed.status).toBe("complete");
    expect(healed.fixed.map(({ rule }) => rule)).toEqual([failure]);
    expect(healed.introduced.map(({ rule }) => rule)).toEqual(["CVE-2020-7774"]);
  });

  it("keeps to the platforms of the settings", async () => {
    const world = await makeWorld({
      settings: { registries: { platforms: ["linux/arm64"], allowPrivate: ["127.0.0.1"] } },
    });
    const { name, pushed } = repository();
    const amd = npmImage(vulnerable, { salt: "not wanted" });
    const arm = npmImage({ ini: "1.3.5" }, { salt: "wanted", platform: arm64 });
    const index = indexOf([amd, arm]);
    await registry.push(index, name, "1.0");
    await world.handle(pushed(index, { tags: ["1.0"] }));
    expect(world.open()).toEqual([`${name}@${short(arm)} ${ini}`]);
  });
});

describe("a scan that cannot be", () => {
  interface Case {
    readonly what: string;
    readonly code: string;
    /** Makes it fail; returns how it is mended. */
    readonly spoil: (image: BuiltImage, name: string) => Promise<() => Promise<void>>;
    readonly settings?: Parameters<typeof settingsSchema.parse>[0];
  }
  const always = 1000;
  const faulty =
    (when: Parameters<FaultyRegistry["fail"]>[0]["when"], act: Parameters<FaultyRegistry["fail"]>[0]["act"]) =>
    async (image: BuiltImage, name: string) => {
      let broken = true;
      await registry.push(image, name, "1.0");
      registry.fail({
        when: (exchange) => broken && exchange.path.includes(`/${name}/`) && when(exchange),
        act,
        times: always,
      });
      return async () => {
        broken = false;
      };
    };
  const cases: Case[] = [
    {
      what: "an image that is gone",
      code: "image-gone",
      spoil: async (image, name) => async () => {
        await registry.push(image, name, "1.0");
      },
    },
    { what: "a registry that refuses", code: "registry-forbidden", spoil: faulty(isManifest, { status: 403 }) },
    { what: "a manifest that is another one", code: "digest-mismatch", spoil: faulty(isManifest, { corrupt: true }) },
    { what: "a layer that is another one", code: "digest-mismatch", spoil: faulty(isBlob, { corrupt: true }) },
    {
      what: "a layer that ends too early",
      code: "truncated-layer",
      spoil: async (image, name) =>
        faulty((exchange) => exchange.path.endsWith(image.layers[1]?.digest ?? ""), { shortenTo: 20 })(image, name),
    },
  ];

  it.each(cases)("is a visible result, acknowledged, and closed by a scan that can: $what", async ({ code, spoil }) => {
    const world = await makeWorld();
    const { name, pushed, requested } = repository();
    const image = npmImage(vulnerable, { salt: name });
    const mend = await spoil(image, name);
    const event = pushed(image, { tags: ["1.0"] });
    await world.handle(event);

    const failure = `scan-failed/${code}`;
    expect(world.open()).toEqual([`${name}@${short(image)} ${failure}`]);
    expect(world.findings()[0]).toMatchObject({ kind: "coverage", evidence: { code } });
    expect(world.image(image.manifest.digest)?.scan).toMatchObject({ status: "failed", problems: [{ code }] });
    const report = await world.report(event);
    expect(report).toMatchObject({
      status: "failed",
      problems: [{ code }],
      introduced: [{ rule: failure }],
      fixed: [],
    });
    expect(world.completed()).toMatchObject([{ status: "failed", introduced: 1 }]);

    await mend();
    const again = requested({ digest: image.manifest.digest }, { time: at(3) });
    await world.handle(again);
    expect(world.open().map((line) => line.split(" ")[1])).toEqual([...minimist, ini].sort());
    expect((await world.report(again)).fixed.map(({ rule }) => rule)).toEqual([failure]);
    const closed = world.findings().find(({ rule }) => rule === failure);
    expect(closed?.state).toBe("resolved");
    expect(closed && (await world.transitions(closed))).toEqual(["opened", "resolved"]);
  });

  it("is visible for what is no image, for a platform that is not there, and for a registry that is not allowed", async () => {
    const { name, pushed } = repository();
    const chart = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        config: { mediaType: "application/vnd.cncf.helm.config.v1+json", digest: digestOf(Buffer.from("{}")), size: 2 },
        layers: [],
      }),
    );
    registry.putManifest(name, "chart", { mediaType: "application/vnd.oci.image.manifest.v1+json", bytes: chart });
    const image = npmImage(vulnerable, { salt: "platform" });
    await registry.push(image, name, "1.0");
    const settings = (registries: object) => settingsSchema.parse({ registries });
    const expected = [
      [digestOf(chart), {}, "not-an-image"],
      [image.manifest.digest, { platforms: ["windows/amd64"] }, "no-such-platform"],
      [image.manifest.digest, { allow: ["registry.example"] }, "registry-not-allowed"],
      [image.manifest.digest, { allowPrivate: [] }, "registry-not-allowed"],
    ] as const;
    for (const [digest, registries, code] of expected) {
      const world = await makeWorld();
      const event = pushed(digest);
      await world.handle(event, { settings: settings({ allowPrivate: ["127.0.0.1"], ...registries }) });
      expect((await world.report(event)).problems, code).toMatchObject([{ code }]);
      expect(world.open(), code).toEqual([expect.stringContaining(`scan-failed/${code}`)]);
    }
  });

  it("leaves alone what earlier scans found, and claims nothing fixed", async () => {
    const world = await makeWorld();
    const { name, pushed, requested } = repository();
    const image = npmImage(vulnerable, { salt: "forbidden later" });
    await registry.push(image, name, "1.0");
    await world.handle(pushed(image, { tags: ["1.0"] }));
    await removeManifest(name, image.manifest.digest);
    const later = requested({ digest: image.manifest.digest }, { time: at(9) });
    await world.handle(later);
    expect(world.open().map((line) => line.split(" ")[1])).toEqual([...minimist, ini, "scan-failed/image-gone"].sort());
    expect(await world.report(later)).toMatchObject({ status: "failed", fixed: [], open: { critical: 1, unknown: 1 } });
    expect(world.image(image.manifest.digest)?.scan).toMatchObject({
      open: { critical: 1, high: 1, medium: 1, unknown: 1 },
    });

    // Failing for another reason is no progress either.
    const refused = requested({ digest: image.manifest.digest }, { time: at(10) });
    registry.fail({ when: ({ path }) => path.includes(`/${name}/`), act: { status: 403 } });
    await world.handle(refused);
    expect(await world.report(refused)).toMatchObject({
      fixed: [],
      introduced: [{ rule: "scan-failed/registry-forbidden" }],
    });
    expect(world.open().filter((line) => line.includes("scan-failed"))).toEqual([
      `${name}@${short(image)} scan-failed/registry-forbidden`,
    ]);
  });

  it("does not call a tag's new image better because it could not be read", async () => {
    const world = await makeWorld();
    const { name, pushed } = repository();
    const one = npmImage(vulnerable, { salt: "readable" });
    const two = npmImage({ ini: "1.3.6" }, { salt: "unreadable" });
    await registry.push(one, name, "1.0");
    await world.handle(pushed(one, { tags: ["1.0"], time: at(1) }));
    await registry.push(two, name, "1.0");
    registry.fail({ when: (exchange) => exchange.path.endsWith(two.layers[1]?.digest ?? ""), act: { corrupt: true } });
    const event = pushed(two, { tags: ["1.0"], time: at(2) });
    await world.handle(event);
    expect((await world.report(event)).fixed).toEqual([]);

    const retried = pushed(two, { tags: ["1.0"], time: at(3) });
    await world.handle(retried);
    expect((await world.report(retried)).fixed.map(({ rule }) => rule).sort()).toEqual(
      [...minimist, ini, "scan-failed/digest-mismatch"].sort(),
    );
  });

  it("has its finding on a tag that leads nowhere, until the tag leads somewhere", async () => {
    const world = await makeWorld();
    const { name, pushed, requested } = repository();
    const image = npmImage(vulnerable, { salt: "late" });
    const asked = requested({ tag: "1.0" });
    await world.handle(asked);
    const failure = `${name}@tag:1.0 scan-failed/image-gone`;
    expect(world.open()).toEqual([failure]);
    expect((await world.report(asked)).subject).toEqual({
      name: `${registry.address}/${name}:1.0`,
      repository: `${registry.address}/${name}`,
      tags: ["1.0"],
      running: [],
    });
    expect(world.images().map(({ digest }) => digest)).toEqual(["tag:1.0"]);

    // A push that speaks of the tag is only a hint.
    await registry.push(image, name, "2.0");
    await world.handle(pushed(image, { tags: ["1.0"], time: at(2) }));
    expect(world.open()).toContain(failure);
    await registry.push(image, name, "1.0");
    const event = pushed(image, { tags: ["1.0"], time: at(3) });
    await world.handle(event);
    expect(world.open()).not.toContain(failure);
    expect((await world.report(event)).fixed.map(({ rule }) => rule)).toEqual(["scan-failed/image-gone"]);
    expect(world.images().map(({ digest }) => digest)).toEqual([image.manifest.digest]);
  });

  it("goes back to the queue when the fault will pass, and completes when it has", async () => {
    const world = await makeWorld();
    const { name, pushed } = repository();
    const image = npmImage(vulnerable, { salt: "busy" });
    await registry.push(image, name, "1.0");
    const event = pushed(image, { tags: ["1.0"] });
    const busy = { status: 429, headers: { "retry-after": "120" } };
    for (const when of [isManifest, isBlob]) {
      registry.fail({ when: (exchange) => when(exchange) && exchange.path.includes(`/${name}/`), act: busy });
      const thrown = await world.handle(event).catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(TransientError);
      expect(thrown).toMatchObject({ retryAfterSeconds: 120 });
      expect(world.findings()).toEqual([]);
      expect(world.completed()).toEqual([]);
    }
    await world.handle(event);
    expect(world.findings()).toHaveLength(3);
    expect(world.completed()).toHaveLength(1);
  });
});

describe("a deletion", () => {
  it("closes what is gone, once, and counts nothing open on it", async () => {
    const world = await makeWorld();
    const { name, pushed, deleted } = repository();
    const image = npmImage(vulnerable, { salt: "to go" });
    await registry.push(image, name, "1.0");
    await world.handle(pushed(image, { tags: ["1.0"], time: at(1) }));
    await removeManifest(name, image.manifest.digest);
    const event = deleted({ digest: image.manifest.digest, tags: ["1.0"] }, { time: at(2) });
    await world.handle(event);
    const before = world.platform.table.items();
    expect(world.open()).toEqual([]);
    for (const finding of world.findings()) {
      expect(await world.transitions(finding)).toEqual(["opened", "resolved"]);
      expect(finding.last.cause).toMatchObject({ kind: "deletion", id: event.id });
    }
    expect(world.image(image.manifest.digest)?.scan?.status).toBe("complete");
    expect(world.image(image.manifest.digest)?.scan?.open).toEqual({});
    expect(await readTag(world.platform.table, event.data, "1.0")).toEqual({ previous: image.manifest.digest });
    await world.handle(event);
    const times = (items: typeof before) => items.filter(({ pk }) => !pk.startsWith("image#"));
    expect(times(world.platform.table.items())).toEqual(times(before));
  });

  it("of a tag alone moves the tag, and closes nothing that is still there", async () => {
    const world = await makeWorld();
    const { name, pushed, deleted } = repository();
    const image = npmImage(vulnerable, { salt: "untagged" });
    await registry.push(image, name, "1.0");
    await world.handle(pushed(image, { tags: ["1.0", "latest"], time: at(1) }));
    await world.handle(deleted({ tags: ["1.0"] }, { time: at(2) }));
    expect(world.open()).toHaveLength(3);
    const { table } = world.platform;
    const where = { registry: registry.address, repository: name };
    expect((await readTag(table, where, "1.0")).digest).toBeUndefined();
    expect((await readTag(table, where, "latest")).digest).toBe(image.manifest.digest);

    // Some registries remove the image with its last tag, and name only the tag.
    await removeManifest(name, image.manifest.digest);
    await world.handle(deleted({ tags: ["latest"] }, { time: at(3) }));
    expect(world.open()).toEqual([]);
  });

  it("that is older than the push changes nothing", async () => {
    const world = await makeWorld();
    const { name, pushed, deleted } = repository();
    const image = npmImage(vulnerable, { salt: "back again" });
    await registry.push(image, name, "1.0");
    await world.handle(pushed(image, { tags: ["1.0"], time: at(5) }));
    await removeManifest(name, image.manifest.digest);
    await world.handle(deleted({ digest: image.manifest.digest, tags: ["1.0"] }, { time: at(4) }));
    expect(world.open()).toHaveLength(3);
    const tag = await readTag(world.platform.table, { registry: registry.address, repository: name }, "1.0");
    expect(tag.digest).toBe(image.manifest.digest);
  });

  it("known before its push leaves a failed scan without a finding nobody could close", async () => {
    const world = await makeWorld();
    const { name, pushed, deleted } = repository();
    const image = npmImage(vulnerable, { salt: name });
    await world.handle(deleted({ digest: image.manifest.digest }, { time: at(2) }));
    const event = pushed(image, { time: at(1) });
    await world.handle(event);
    expect(world.open()).toEqual([]);
    expect(await world.report(event)).toMatchObject({
      status: "failed",
      introduced: [],
      problems: [{ code: "image-gone" }],
    });
  });

  it("of an index closes the images that went with it, and not those that stay", async () => {
    const world = await makeWorld();
    const { name, pushed, deleted } = repository();
    const amd = npmImage(vulnerable, { salt: "goes" });
    const arm = npmImage({ y18n: "4.0.0" }, { salt: "stays", platform: arm64 });
    const index = indexOf([amd, arm]);
    await registry.push(index, name, "1.0");
    await world.handle(pushed(index, { tags: ["1.0"] }));
    await removeManifest(name, index.manifest.digest);
    await removeManifest(name, amd.manifest.digest);
    await world.handle(deleted({ digest: index.manifest.digest, tags: ["1.0"] }));
    expect(world.open()).toEqual([`${name}@${short(arm)} CVE-2020-7774`]);
  });

  it("is believed where the registry may not be asked any more, and waits for one that is busy", async () => {
    const world = await makeWorld();
    const { name, pushed, deleted } = repository();
    const image = npmImage(vulnerable, { salt: "lost rights" });
    await registry.push(image, name, "1.0");
    await world.handle(pushed(image, { tags: ["1.0"] }));
    const event = deleted({ digest: image.manifest.digest });
    const mine = ({ path }: { readonly path: string }) => path.includes(`/${name}/`);
    registry.fail({ when: mine, act: { status: 503, headers: { "retry-after": "300" } } });
    await expect(world.handle(event)).rejects.toBeInstanceOf(TransientError);
    expect(world.open()).toHaveLength(3);
    registry.fail({ when: mine, act: { status: 403 } });
    await world.handle(event);
    expect(world.open()).toEqual([]);
  });
});
