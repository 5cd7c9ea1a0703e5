import { describe, expect, it } from "vitest";
import { habitsOf } from "../../../shared/inventory/build-habits.ts";
import { stepsOf } from "../../../shared/inventory/history.ts";
import { readImage } from "../../../shared/inventory/read-image.ts";
import { layerRecordsInMemory } from "../../../shared/inventory/record.ts";
import type { BuildHabit } from "../../../shared/inventory/types.ts";
import type { ImageConfiguration } from "../../../shared/registry/types.ts";
import { imageOf, recordOf } from "./images.ts";
import { createTar } from "./tar-writer.ts";

const configuration = (history: ImageConfiguration["history"]): ImageConfiguration => ({
  config: {},
  diffIds: [],
  history,
});
const habits = (createdBy: string) =>
  stepsOf(configuration([{ createdBy }]), ["sha256:1"]).flatMap((step) => habitsOf(step));

describe("steps of the history", () => {
  it("are read as their builders write them, with the layers that they made", () => {
    const steps = stepsOf(
      configuration([
        { createdBy: "/bin/sh -c #(nop) ADD file:a in / " },
        { createdBy: '/bin/sh -c #(nop)  CMD ["bash"]', emptyLayer: true },
        { createdBy: "/bin/sh -c apt-get update" },
        { createdBy: "|1 A=b /bin/sh -c make" },
        { createdBy: "RUN /bin/sh -c make # buildkit" },
        { createdBy: "bazel build ..." },
        {},
      ]),
      ["a", "b", "c", "d", "e"],
    );
    expect(steps.map(({ instruction, text, layer }) => [instruction, text, layer?.diffId])).toEqual([
      ["ADD", "file:a in /", "a"],
      ["CMD", '["bash"]', undefined],
      ["RUN", "/bin/sh -c apt-get update", "b"],
      ["RUN", "|1 A=b /bin/sh -c make", "c"],
      ["RUN", "/bin/sh -c make # buildkit", "d"],
      [undefined, "bazel build ...", "e"],
      [undefined, "", undefined],
    ]);
  });

  it.each<[step: string, habits: readonly BuildHabit[]]>([
    ["ADD https://example.org/a.tar.gz /a # buildkit", ["add-remote"]],
    ["ADD git@example.org:a/b.git /a # buildkit", ["add-remote"]],
    ["ADD app /app # buildkit", ["add-instead-of-copy"]],
    ["ADD rootfs.tar.xz / # buildkit", []],
    ["/bin/sh -c #(nop) ADD file:a1b2 in / ", []],
    ["COPY app /app # buildkit", []],
    ["RUN /bin/sh -c curl -fsSL https://example.org/i | sh # buildkit", ["pipe-to-shell"]],
    ["RUN /bin/sh -c wget -qO- https://example.org/i | sudo -E bash - # buildkit", ["pipe-to-shell", "sudo"]],
    ["RUN /bin/sh -c bash <(curl -s https://example.org/i) # buildkit", ["pipe-to-shell"]],
    ["RUN /bin/sh -c curl -o a.sh https://example.org/i && sha256sum -c a && sh a.sh # buildkit", []],
    ["RUN /bin/sh -c apt-get install -y sudo # buildkit", []],
    ["RUN /bin/sh -c chmod -R 777 /data # buildkit", ["world-writable"]],
    ["RUN /bin/sh -c chmod 1777 /tmp # buildkit", []],
    ["RUN /bin/sh -c chmod 755 /data && chmod +x /a # buildkit", []],
    ["RUN /bin/sh -c npm i -g pnpm@latest # buildkit", ["latest"]],
    ["RUN /bin/sh -c apt-get update # buildkit", ["update-alone"]],
    ["RUN /bin/sh -c apt-get -y update && apt-get install -y curl # buildkit", []],
    ["/bin/sh -c apk update", ["update-alone"]],
    ["RUN /bin/sh -c apk add --allow-untrusted a.apk # buildkit", ["unverified-packages"]],
    ["RUN /bin/sh -c curl -k -o a https://example.org # buildkit", ["unverified-packages"]],
    ["ENV A=curl https://example.org | sh", []],
  ])("%s", (step, expected) => {
    expect(habits(step)).toEqual(expected);
  });

  it("long steps take no time", { timeout: 60_000 }, () => {
    for (const seed of ["curl ", "chmod -a ", "apt-get -a ", "wget a|", "bash -c ", "sudo "]) {
      const started = performance.now();
      habits(`RUN ${seed.repeat(100_000)}`);
      expect(performance.now() - started, seed).toBeLessThan(10_000);
    }
  });
});

describe("set-user-ID and set-group-ID files", () => {
  it("are those that stand in the image, also where they are read for something else", async () => {
    const image = imageOf([
      {
        files: [
          { path: "usr/bin/su", content: "x", mode: 0o4755 },
          { path: "usr/bin/wall", content: "x", mode: 0o2755 },
          { path: "usr/bin/gone", content: "x", mode: 0o4755 },
          { path: "usr/bin/tamed", content: "x", mode: 0o4755 },
          { path: "tmp/", mode: 0o1777 },
          { path: "srv/", mode: 0o2775 },
          { path: "usr/bin/ls", content: "x", mode: 0o755 },
        ],
      },
      {
        files: [
          { path: "usr/bin/.wh.gone" },
          { path: "usr/bin/tamed", content: "x", mode: 0o755 },
          { path: "etc/os-release", content: "ID=debian\n", mode: 0o6755 },
        ],
      },
    ]);
    const { facts, distribution, layers } = await readImage(image, { records: layerRecordsInMemory() });
    const [first, second] = layers.map(({ diffId }) => diffId);
    expect(distribution?.id).toBe("debian");
    expect(facts?.privilegedFiles).toEqual({
      count: 3,
      files: [
        { path: "etc/os-release", mode: "6755", layer: second },
        { path: "usr/bin/su", mode: "4755", layer: first },
        { path: "usr/bin/wall", mode: "2755", layer: first },
      ],
    });
  });

  it("the last entry of a path in a layer counts", async () => {
    const tar = createTar();
    const entry = (mode: string) => tar.entry({ name: "bin/su", patch: (header) => header.write(mode, 100, "latin1") });
    entry("0004755\0");
    entry("0000755\0");
    expect((await recordOf(tar.finish())).files).toEqual([]);
  });
});

describe("configuration", () => {
  it("is told without values of variables", async () => {
    const image = imageOf([{ files: [{ path: "a", content: "a" }] }]);
    const { facts } = await readImage(
      {
        ...image,
        configuration: {
          ...image.configuration,
          created: "2024-01-01T00:00:00Z",
          config: {
            user: "app",
            environment: ["PATH=/bin", "MODE=production"],
            labels: { b: "2", a: "1" },
            entrypoint: ["/entry"],
            command: ["serve"],
            exposedPorts: ["8080/tcp"],
            volumes: ["/data"],
            workingDirectory: "/app",
            stopSignal: "SIGTERM",
            healthcheck: ["NONE"],
          },
          history: [{ createdBy: "RUN /bin/sh -c curl https://x.example.org | sh # buildkit" }],
        },
      },
      { records: layerRecordsInMemory() },
    );
    expect(facts).toEqual({
      created: "2024-01-01T00:00:00Z",
      user: "app",
      environment: ["MODE", "PATH"],
      labels: { a: "1", b: "2" },
      entrypoint: ["/entry"],
      command: ["serve"],
      exposedPorts: ["8080/tcp"],
      volumes: ["/data"],
      workingDirectory: "/app",
      stopSignal: "SIGTERM",
      healthcheck: { test: ["NONE"], disabled: true },
      historySteps: 1,
      steps: [
        {
          step: 0,
          layer: image.configuration.diffIds[0],
          createdBy: "RUN /bin/sh -c curl https://x.example.org | sh # buildkit",
          habits: ["pipe-to-shell"],
        },
      ],
      privilegedFiles: { count: 0, files: [] },
    });
  });
});
