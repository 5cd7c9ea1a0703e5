/** The commands that ask a running platform, as processes of their own. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { demoAdvisories } from "../../local/demo/advisories.ts";
import { updateAdvisories } from "../../shared/advisories/update/update.ts";
import { deliveryPage } from "../../shared/api/delivery-routes.ts";
import * as schemas from "../../shared/api/schemas.ts";
import { reconcile } from "../../shared/findings/reconcile.ts";
import { inDirectory, ndjson } from "../shared/advisories/support.ts";
import { eventsOf, npmImage } from "../shared/scanning/world.ts";
import { removeDirectory, startTestHost, type TestHost } from "../support/host.ts";
import { type FaultyRegistry, startFaultyRegistry } from "../support/registry.ts";
import { runCli } from "../support/running-platform.ts";

let host: TestHost;
let registry: FaultyRegistry;
const image = npmImage({ minimist: "0.0.8" });
const hostile = "\u001b[2J\u009b31m\u202egood news\u0007";

beforeAll(async () => {
  const target = { channel: "email" as const, from: "a@example.com", to: ["b@example.com"] };
  host = await startTestHost({ settings: { notifications: { routes: [{ name: "team", target }] } } });
  registry = await startFaultyRegistry();
  await inDirectory({ "records.ndjson": ndjson(demoAdvisories) }, (directory) =>
    updateAdvisories(host.platform, host.platform.settings.advisories, directory),
  );
  await registry.push(image, "team/shop", "1.0");
  await host.platform.bus.publish([eventsOf(registry.address, "team/shop").pushed(image, { tags: ["1.0"] })]);
  await host.idle();
  await reconcile(host.platform, {
    resource: { type: "image", id: `registry.example/evil@sha256:${"0".repeat(64)}` },
    kinds: ["vulnerability"],
    cause: { id: "evil", kind: "scan", time: "2026-03-01T00:00:00Z", detail: hostile },
    observations: [
      {
        kind: "vulnerability",
        rule: `CVE-0 ${hostile}`,
        subject: hostile,
        title: hostile,
        severity: "low",
        exploited: false,
        evidence: { package: { name: hostile, version: hostile }, note: hostile },
        links: [],
      },
    ],
  });
});
afterAll(async () => {
  await registry.close();
  await host.stop();
  removeDirectory(host.data);
});

const ask = (...args: string[]) => runCli(...args, "--data", host.data);

describe("findings", () => {
  it("are listed by priority, as a table or as the API gives them", async () => {
    const [table, json] = await Promise.all([
      ask("findings", "list", "--severity", "medium"),
      ask("findings", "list", "--rule", "CVE-2021-44906", "--fixable", "--format", "json"),
    ]);
    expect(table).toMatchObject({ code: 0, stderr: "" });
    expect(table.stdout.split("\n")[0]).toMatch(/^SEVERITY +RULE +COMPONENT +FIX +RESOURCE +RUNNING +ID/);
    expect(table.stdout).toMatch(
      /^critical +CVE-2021-44906 +minimist 0\.0\.8 +0\.2\.4 +\S+\/team\/shop@sha256:\w{12} +- +\w{32}$/m,
    );
    const page = schemas.findingPage.parse(JSON.parse(json.stdout));
    expect(page.findings.map(({ rule }) => rule)).toEqual(["CVE-2021-44906"]);
  });

  it("are shown with their history, and accepted for a while", async () => {
    const page = schemas.findingPage.parse(
      JSON.parse((await ask("findings", "list", "--rule", "CVE-2020-7598", "--format", "json")).stdout),
    );
    const id = page.findings[0]?.id ?? "";
    const accepted = await ask("findings", "accept", id, "--reason", "not reachable", "--until", "2099-01-31");
    expect(accepted).toMatchObject({ code: 0, stderr: "" });
    expect(accepted.stdout).toMatch(/^accepted +by local until 2099-01-31T00:00:00\.000Z: not reachable$/m);
    const [shown, past] = await Promise.all([
      ask("findings", "show", id),
      ask("findings", "accept", id, "--reason", "r", "--until", "2020-01-01"),
    ]);
    expect(shown.stdout).toMatch(/^state +accepted$/m);
    expect(shown.stdout).toMatch(/^ {2}\S+Z {2}opened +pushed \(distribution\)$/m);
    expect(shown.stdout).toMatch(/^ {2}\S+Z {2}accepted +local - not reachable \(until 2099/m);
    expect(past).toMatchObject({ code: 2, stderr: expect.stringContaining("acceptance-in-the-past") });
  });

  it("print nothing that a package could talk to a terminal with", async () => {
    const listed = await ask(
      "findings",
      "list",
      "--severity",
      "low",
      "--image",
      `registry.example/evil@sha256:${"0".repeat(64)}`,
    );
    const id = /(\w{32})$/m.exec(listed.stdout)?.[1] ?? "";
    const shown = await ask("findings", "show", id);
    for (const { code, stdout } of [listed, shown]) {
      expect(code).toBe(0);
      expect(stdout).toContain("good news");
      expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    }
  });
});

it("images, deliveries and queues are shown", async () => {
  const [images, shown] = await Promise.all([ask("images", "list"), ask("images", "show", image.manifest.digest)]);
  expect(images.stdout).toMatch(/\/team\/shop +1\.0 +linux\/amd64 +complete +1 +0 +- +sha256:\w{64}$/m);
  expect(JSON.parse(shown.stdout)).toMatchObject([{ repository: "team/shop", tags: ["1.0"], present: true }]);
  const [deliveries, queues] = await Promise.all([
    ask("deliveries", "list", "--format", "json"),
    ask("queues", "list", "--format", "json"),
  ]);
  expect(deliveryPage.parse(JSON.parse(deliveries.stdout)).deliveries).toMatchObject([
    { route: "team", state: "sent" },
  ]);
  expect(schemas.queueList.parse(JSON.parse(queues.stdout)).queues.every(({ deadLetters }) => deadLetters === 0)).toBe(
    true,
  );
  const [none, unknown] = await Promise.all([
    ask("deliveries", "list", "--state", "failed"),
    ask("queues", "redrive", "none"),
  ]);
  expect(none).toMatchObject({ code: 0, stdout: "no messages yet\n" });
  expect(unknown).toMatchObject({ code: 2, stderr: "portwarden: there is no queue none (queue-unknown)\n" });
});

it("without a platform, or without its token, they say what to do", async () => {
  const [nowhere, refused] = await Promise.all([
    runCli("findings", "list", "--data", join(host.data, "nowhere")),
    runCli("findings", "list", "--url", host.url, "--token", "wrong"),
  ]);
  expect(nowhere).toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringMatching(/no platform was started in .*portwarden start/),
  });
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("refuses the token") });
  const silent = await runCli("images", "list", "--url", "http://127.0.0.1:9", "--token", "t");
  expect(silent).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("no platform answers at http://127.0.0.1:9"),
  });
});
