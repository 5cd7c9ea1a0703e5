import { describe, expect, it } from "vitest";
import { TransientError } from "../../../shared/platform/errors.ts";
import { limits } from "../../../shared/platform/limits.ts";
import { genuine, samples, secretValues, signature, world } from "./support.ts";

const shared = ["distribution", "harbor", "github", "docker-hub", "quay"] as const;
const repeating = ["distribution", "harbor"] as const;
const once = ["github", "docker-hub", "quay"] as const;
const bodyOf = (name: keyof typeof samples) => JSON.stringify(samples[name]);

/** A delivery of no interest that is nested this deep. */
function nested(depth: number): string {
  return `{"type":"QUOTA_WARNING","data":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
}

describe("a genuine delivery", () => {
  it.each(shared)("of %s is published and answered 202", async (name) => {
    const here = world();
    expect(await here.send(...genuine(name, bodyOf(name)))).toBe(202);
    expect(here.published.length).toBeGreaterThan(0);
    expect(here.counted).toContain(`webhook-accepted 1 ${name}`);
  });

  it("holds back a push without a tag, so that the index that names it comes first", async () => {
    const here = world();
    const delivery = JSON.parse(bodyOf("distribution"));
    const [tagged] = delivery.events;
    const { tag: _tag, ...target } = tagged.target;
    const child = { ...tagged, id: "child", target: { ...target, digest: `sha256:${"c".repeat(64)}` } };
    const body = JSON.stringify({ events: [child, tagged] });
    expect(await here.send(...genuine("distribution", body))).toBe(202);
    expect(here.published.map(({ data }) => ("tags" in data ? data.tags : []))).toEqual([["1.2"]]);
    expect(here.delayed).toEqual([{ queue: "scan-image", body: expect.anything(), delaySeconds: 10 }]);
    expect(JSON.stringify(here.delayed)).toContain(`sha256:${"c".repeat(64)}`);
  });

  it.each([
    ["the bare secret", "distribution secret"],
    ["a bearer token", "bearer distribution-secret"],
    ["the password of basic credentials", `Basic ${Buffer.from("registry:distribution-secret").toString("base64")}`],
  ])("may show %s in its Authorization header", async (_form, authorization) => {
    const here = world();
    if (!authorization.endsWith(" secret")) here.state.secrets["distribution"] = "distribution-secret";
    expect(await here.send("distribution", { body: bodyOf("distribution"), headers: { authorization } })).toBe(202);
  });

  it("is accepted with either of two live secrets, and while the newer one does not exist yet", async () => {
    const body = bodyOf("github");
    for (const secret of ["github-new", "github-old"]) {
      const headers = { "x-hub-signature-256": signature(body, secretValues[secret] ?? "") };
      expect(await world().send("github", { body, headers })).toBe(202);
    }
    const here = world();
    delete here.state.secrets["github-new"];
    const headers = { "x-hub-signature-256": signature(body, secretValues["github-old"] ?? "") };
    expect(await here.send("github", { body, headers })).toBe(202);
  });

  it("of an event type that is nothing to us is answered 202 and counted", async () => {
    const here = world();
    expect(await here.send(...genuine("harbor", JSON.stringify({ type: "QUOTA_WARNING" })))).toBe(202);
    expect(here.published).toEqual([]);
    expect(here.counted).toEqual(["webhook-ignored 1 harbor"]);
  });
});

describe("what is refused", () => {
  async function expectRefused(
    here: ReturnType<typeof world>,
    request: [sender: string, request: RequestInit, query?: string],
    status: number,
    reason: string,
  ) {
    expect(await here.send(...request)).toBe(status);
    expect(here.published).toEqual([]);
    expect(here.remembered()).toBe(0);
    expect(here.counted).toEqual([`webhook-refused 1 ${reason}`]);
    for (const line of here.logged)
      for (const secret of Object.values(secretValues)) expect(line).not.toContain(secret);
  }

  it.each(shared)("%s without its secret", async (name) => {
    await expectRefused(world(), [name, { body: bodyOf(name) }], 401, `${name} unsigned`);
  });

  it.each(shared)("%s with a wrong secret", async (name) => {
    const body = bodyOf(name);
    const headers = { authorization: "Bearer guess", "x-hub-signature-256": signature(body, "guess") };
    await expectRefused(world(), [name, { body, headers }, "?token=guess"], 401, `${name} wrong-signature`);
  });

  it.each([
    ["of another body", signature("{}", secretValues["github-new"] ?? "")],
    ["by another hash", signature(bodyOf("github"), secretValues["github-new"] ?? "").replace("sha256", "sha1")],
    ["cut short", signature(bodyOf("github"), secretValues["github-new"] ?? "").slice(0, -2)],
    ["that is empty", ""],
  ])("a signature %s", async (_what, value) => {
    const headers = { "x-hub-signature-256": value };
    await expectRefused(world(), ["github", { body: bodyOf("github"), headers }], 401, "github wrong-signature");
  });

  it("a changed byte under a good signature", async () => {
    const body = bodyOf("github");
    const headers = { "x-hub-signature-256": signature(body, secretValues["github-new"] ?? "") };
    await expectRefused(world(), ["github", { body: `${body} `, headers }], 401, "github wrong-signature");
  });

  it("a secret in the address of a sender that shows it in a header", async () => {
    const query = `?token=${encodeURIComponent(secretValues["distribution"] ?? "")}`;
    await expectRefused(
      world(),
      ["distribution", { body: bodyOf("distribution") }, query],
      401,
      "distribution unsigned",
    );
  });

  it("everything when the secret is missing or empty", async () => {
    for (const value of [undefined, ""]) {
      const here = world();
      if (value === undefined) delete here.state.secrets["harbor"];
      else here.state.secrets["harbor"] = value;
      const request = { body: bodyOf("harbor"), headers: { authorization: "Bearer x" } };
      await expectRefused(here, ["harbor", request], 401, "harbor no-secret");
    }
  });

  it("senders without settings and senders nobody knows, alike", async () => {
    await expectRefused(world({ intake: {} }), genuine("harbor", bodyOf("harbor")), 401, "harbor not-configured");
    await expectRefused(world(), ["nexus", { body: "{}" }], 401, "unknown unknown-sender");
    await expectRefused(world(), ["maxAgeSeconds", { body: "{}" }], 401, "unknown unknown-sender");
    await expectRefused(world(), ["__proto__", { body: "{}" }], 401, "unknown unknown-sender");
  });

  it("a body over the limit, by its length or by its bytes, before anything is verified", async () => {
    const fits = `"${"x".repeat(limits.requestBytes - 2)}"`;
    expect(await world().send(...genuine("harbor", fits))).toBe(400);
    await expectRefused(world(), ["harbor", { body: `${fits} ` }], 413, "harbor too-large");
    const said = { body: "{}", headers: { "content-length": `${limits.requestBytes + 1}` } };
    await expectRefused(world(), ["harbor", said], 413, "harbor too-large");
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        controller.enqueue(new Uint8Array(64 * 1024));
      },
    });
    await expectRefused(world(), ["harbor", { body: endless, duplex: "half" } as RequestInit], 413, "harbor too-large");
    expect(sent).toBeLessThan(25);
  });

  it.each([
    ["no JSON", "{"],
    ["nothing", ""],
    ["JSON of another kind", "[1,2]"],
    ["no UTF-8", Buffer.from('{"type":"QUOTA_WARNING\xff"}', "latin1")],
    ["JSON that never ends", "[".repeat(500_000)],
    ["JSON nested one deeper than allowed", nested(limits.jsonDepth + 1)],
  ])("%s", async (_what, body) => {
    const [name, request] = genuine("harbor", "");
    await expectRefused(world(), [name, { ...request, body }], 400, "harbor malformed");
  });

  it("no brackets for standing in a text, nor depth that is allowed", async () => {
    const text = JSON.stringify({ type: "QUOTA_WARNING", note: `\\"${"[{".repeat(100)}` });
    expect(await world().send(...genuine("harbor", text))).toBe(202);
    expect(await world().send(...genuine("harbor", nested(limits.jsonDepth)))).toBe(202);
  });

  it("an entry of the right kind that names no image", async () => {
    const body = JSON.stringify({ ...samples.harbor, event_data: { resources: [{ digest: "sha256:1", tag: "x" }] } });
    await expectRefused(world(), genuine("harbor", body), 400, "harbor malformed");
  });

  it("more events than a delivery may hold", async () => {
    const [event] = samples.distribution.events;
    const events = Array.from({ length: limits.eventsPerDelivery + 1 }, (_, index) => ({ ...event, id: `${index}` }));
    await expectRefused(
      world(),
      genuine("distribution", JSON.stringify({ events })),
      413,
      "distribution too-many-events",
    );
    expect(await world().send(...genuine("distribution", JSON.stringify({ events: events.slice(1) })))).toBe(202);
  });

  it("a delivery that says it was sent too long ago, or that it will be sent", async () => {
    const here = world();
    const pushed = here.state.now / 1000;
    const at = (seconds: number) => {
      const push = { ...samples["docker-hub"].push_data, pushed_at: seconds };
      return genuine("docker-hub", JSON.stringify({ ...samples["docker-hub"], push_data: push }));
    };
    await expectRefused(world(), at(pushed - 601), 401, "docker-hub stale");
    await expectRefused(world(), at(pushed + 601), 401, "docker-hub stale");
    expect(await here.send(...at(pushed - 599))).toBe(202);
  });

  it("an OPTIONS request to a sender that does not ask first", async () => {
    await expectRefused(world(), ["github", { method: "OPTIONS" }], 400, "github malformed");
  });
});

describe("hostile keys", () => {
  it("pollute nothing", async () => {
    const here = world();
    const text = bodyOf("harbor").replace(
      "{",
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},',
    );
    expect(await here.send(...genuine("harbor", text))).toBe(202);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(JSON.stringify(here.published)).not.toContain("polluted");
  });
});

describe("a delivery that comes again", () => {
  it.each(repeating)("of %s, which repeats what was not answered, is acknowledged and not published", async (name) => {
    const here = world();
    await here.send(...genuine(name, bodyOf(name)));
    const before = here.published.length;
    expect(await here.send(...genuine(name, bodyOf(name)))).toBe(202);
    expect(here.published).toHaveLength(before);
    expect(here.counted).toContain(`webhook-replayed 1 ${name}`);
  });

  it.each(once)("of %s, which does not, is refused", async (name) => {
    const here = world();
    await here.send(...genuine(name, bodyOf(name)));
    const before = here.published.length;
    expect(await here.send(...genuine(name, bodyOf(name)))).toBe(401);
    expect(here.published).toHaveLength(before);
    expect(here.counted).toContain(`webhook-refused 1 ${name} replayed`);
  });

  it("is known by what was signed, whatever its headers say", async () => {
    const here = world();
    const body = bodyOf("github");
    const headers = { "x-hub-signature-256": signature(body, secretValues["github-new"] ?? "") };
    expect(await here.send("github", { body, headers: { ...headers, "x-github-delivery": "one" } })).toBe(202);
    expect(await here.send("github", { body, headers: { ...headers, "x-github-delivery": "two" } })).toBe(401);
  });

  it("is still known a day later where the signature never ends, and is the same event after that", async () => {
    const here = world();
    await here.send(...genuine("github", bodyOf("github")));
    here.state.now += 86_400_000 + 1000;
    expect(await here.send(...genuine("github", bodyOf("github")))).toBe(401);
    here.state.now += 90 * 86_400_000;
    expect(await here.send(...genuine("github", bodyOf("github")))).toBe(202);
    expect(here.published[0]?.id).toBe(here.published[1]?.id);
  });

  it("of a sender that tells neither id nor time is a new push after a minute", async () => {
    const here = world();
    await here.send(...genuine("quay", bodyOf("quay")));
    here.state.now += 61_000;
    expect(await here.send(...genuine("quay", bodyOf("quay")))).toBe(202);
    expect(new Set(here.published.map(({ id }) => id)).size).toBe(4);
  });
});

describe("when a port fails", () => {
  it.each(shared)("%s is told to try again, and the repeat is taken once", async (name) => {
    const here = world();
    here.state.publishError = new TransientError("bus-unavailable", "the bus is away");
    const failed = await here.fetch(...genuine(name, bodyOf(name)));
    expect(failed.status).toBe(503);
    expect(failed.headers.get("retry-after")).toBe("30");
    expect(await failed.text()).toBe("");
    expect(here.remembered()).toBe(0);
    here.state.publishError = undefined;
    expect(await here.send(...genuine(name, bodyOf(name)))).toBe(202);
    expect(here.published.length).toBeGreaterThan(0);
    expect(here.remembered()).toBe(1);
  });

  it("a delivery that was published but not remembered is the same event when it comes again", async () => {
    const here = world();
    const { table } = here.ports;
    const broken = { ...here.ports, table: { ...table, put: () => Promise.reject(new Error("the table is away")) } };
    const { receiveDelivery } = await import("../../../shared/intake/receive.ts");
    const [name, request] = genuine("distribution", bodyOf("distribution"));
    const address = "http://127.0.0.1/v1/hooks/distribution";
    const keys = () => () => Promise.reject(new Error("unused"));
    const lost = await receiveDelivery(broken, keys, name, new Request(address, { method: "POST", ...request }));
    expect(lost.status).toBe(503);
    expect(await here.send(name, request)).toBe(202);
    expect(here.published).toHaveLength(2);
    expect(here.published[0]).toEqual(here.published[1]);
  });

  it("an outage of the secrets is ours, not the sender's", async () => {
    const here = world();
    const secrets = { get: () => Promise.reject(new TransientError("secrets-unavailable", "away")) };
    Object.assign(here.ports, { secrets });
    expect(await here.send(...genuine("harbor", bodyOf("harbor")))).toBe(503);
    expect(here.counted).toEqual(["webhook-failed 1 harbor"]);
  });
});
