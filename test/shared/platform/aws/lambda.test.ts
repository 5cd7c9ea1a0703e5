import type { Context, DynamoDBRecord, SQSRecord } from "aws-lambda";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { lambdaHandler } from "../../../../shared/platform/aws/lambda.ts";
import type { Providers } from "../../../../shared/platform/aws/providers.ts";
import {
  type Door,
  type HttpDoor,
  httpDoor,
  mapDoor,
  outboxDoor,
  queueDoor,
  scheduleDoor,
  type Uses,
} from "../../../../shared/platform/door.ts";
import { PermanentError, TransientError } from "../../../../shared/platform/errors.ts";
import { limits } from "../../../../shared/platform/limits.ts";
import type { Platform } from "../../../../shared/platform/ports.ts";
import { type MemoryTable, memoryTable } from "../../../support/memory-table.ts";

beforeAll(() => {
  vi.stubEnv("POWERTOOLS_LOG_LEVEL", "SILENT");
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "true");
});

let table: MemoryTable;
const postponed: [string, string, number][] = [];
const providers: Providers = {
  table: () => table,
  postpone: () => async (arn, receipt, seconds) => void postponed.push([arn, receipt, seconds]),
};
beforeEach(() => {
  table = memoryTable();
});
afterEach(() => void postponed.splice(0));

function contextWith(remaining: () => number = () => 30_000): Context {
  const about = { functionName: "f", awsRequestId: "request-1", getRemainingTimeInMillis: remaining };
  return about as unknown as Context;
}

const invoke = (door: Door, event: unknown, context = contextWith()) =>
  lambdaHandler(door, providers, {})(event, context);
const quarantined = () => table.items().map((item) => item.data as { code: string; body: string; messageId: string });

describe("map doors", () => {
  const handled: number[] = [];
  const sent: unknown[] = [];
  const list = { source: "portwarden", "detail-type": "RematchPlanned", detail: { items: "lists/1.json" } };
  const door = mapDoor({
    name: "items",
    description: "",
    uses: { table: "write", blobs: "read", queues: ["items"] },
    subscribe: { pattern: {} },
    item: z.object({ n: z.number() }),
    async handle(_platform, { n }) {
      if (n === 1) throw new PermanentError("odd", "one is refused");
      if (n === 2) throw new TransientError("later", "not now");
      handled.push(n);
    },
  });
  const invokeMap = (event: unknown) =>
    lambdaHandler(
      door,
      {
        ...providers,
        blobs: () => ({ get: async () => Buffer.from('[{"n":5},{"n":6}]') }) as unknown as Platform["blobs"],
        queues: () =>
          ({
            send: async (_queue: string, bodies: readonly unknown[]) => void sent.push(...bodies),
          }) as unknown as Platform["queues"],
      },
      {},
    )(event, contextWith());
  const message = (body: unknown) => ({
    Records: [
      { messageId: "m", body: JSON.stringify(body), receiptHandle: "r", attributes: { ApproximateReceiveCount: "1" } },
    ],
  });
  beforeEach(() => {
    handled.splice(0);
    sent.splice(0);
  });

  test("take an item from the state machine; what passes fails the invocation, what is refused for good does not", async () => {
    await invokeMap({ n: 3 });
    expect(handled).toEqual([3]);
    await expect(invokeMap({ n: 2 })).rejects.toThrow("not now");
    await invokeMap({ n: 1 });
    await invokeMap({ other: true });
    expect(quarantined().map(({ code }) => code)).toEqual(expect.arrayContaining(["message-unfit"]));
  });

  test("take from their queue what was brought back: an item, or the event with the whole list", async () => {
    await invokeMap(message({ n: 4, failure: { Error: "Lambda.Unknown" } }));
    expect(handled).toEqual([4]);
    await invokeMap(message(list));
    expect(sent).toEqual([{ n: 5 }, { n: 6 }]);
  });
});

describe("queue doors", () => {
  const door = (handle: (message: { n: number }, platform: Platform) => Promise<void> | void) =>
    queueDoor({
      name: "numbers",
      description: "",
      uses: { table: "write" },
      timeoutSeconds: 20,
      message: z.object({ n: z.number() }).transform(({ n }) => ({ n: n + 1 })),
      handle: async (platform, message) => handle(message, platform),
    });
  const record = (messageId: string, body: string, attempt = 1) =>
    ({
      messageId,
      body,
      receiptHandle: `receipt-${messageId}`,
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:eu-central-1:123456789012:numbers",
      attributes: { ApproximateReceiveCount: String(attempt) },
    }) as unknown as SQSRecord;
  const failures = (...ids: string[]) => ({ batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) });

  test("messages are handled one after another, transformed once", async () => {
    const seen: number[] = [];
    let running = 0;
    const one = door(async ({ n }) => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      seen.push(n);
      running--;
    });
    const records = [1, 2, 3].map((n) => record(`m${n}`, JSON.stringify({ n })));
    expect(await invoke(one, { Records: records })).toEqual(failures());
    expect(seen).toEqual([2, 3, 4]);
  });

  test("each message fails for itself; when all fail, all come back and the invocation does not", async () => {
    const odd = door(({ n }) => {
      if (n % 2 === 1) throw new Error("defect");
    });
    const records = [1, 2, 3, 4].map((n) => record(`m${n}`, JSON.stringify({ n })));
    expect(await invoke(odd, { Records: records })).toEqual(failures("m2", "m4"));
    expect(await invoke(odd, { Records: [records[1]] })).toEqual(failures("m2"));
    expect(table.items()).toEqual([]);
  });

  test("a permanent failure and a message that does not fit are recorded and acknowledged", async () => {
    const refuse = door(() => {
      throw new PermanentError("image-gone", "there is no such image");
    });
    const long = JSON.stringify({ n: 1, text: "é".repeat(40_000) });
    const bodies = ["{", "null", '{"n":"1"}', long];
    const records = bodies.map((body, at) => record(`m${at}`, body, 3));
    expect(await invoke(refuse, { Records: records })).toEqual(failures());
    expect(quarantined().map(({ code }) => code)).toEqual(["not-json", "message-unfit", "message-unfit", "image-gone"]);
    const [first, , , last] = table.items();
    expect(first).toMatchObject({
      pk: "quarantine#numbers",
      sk: "m0",
      data: { door: "numbers", attempt: 3, body: "{" },
    });
    expect((first?.expiresAt ?? 0) - Date.now() / 1000).toBeCloseTo(30 * 86_400, -2);
    expect(last?.data).toMatchObject({ bodyBytes: Buffer.byteLength(long), reason: "there is no such image" });
    expect(quarantined().at(-1)?.body).toHaveLength(16_000);
    await invoke(refuse, { Records: [record("m3", long, 4)] });
    expect(quarantined()).toHaveLength(4);
  });

  test("a message whose quarantine cannot be written comes back", async () => {
    table = { ...table, put: () => Promise.reject(new TransientError("throttled", "not now")) };
    expect(
      await invoke(
        door(() => undefined),
        { Records: [record("m1", "{")] },
      ),
    ).toEqual(failures("m1"));
  });

  test("a sender's wish to be asked later is granted; what has none comes back after a growing delay", async () => {
    const busy = door(({ n }) => {
      throw new TransientError("busy", "later", n === 2 ? { retryAfterSeconds: 90 } : {});
    });
    const records = [record("m1", '{"n":1}'), record("m2", '{"n":2}')];
    expect(await invoke(busy, { Records: records })).toEqual(failures("m1", "m2"));
    expect(postponed.map(([, receipt, seconds]) => [receipt, seconds])).toEqual([
      ["receipt-m1", 90],
      ["receipt-m2", 30],
    ]);
    expect(postponed[0]?.[0]).toBe(records[0]?.eventSourceARN);
    postponed.splice(0);
    const again = (attempt: number) => {
      const once = record("m2", '{"n":2}');
      return { ...once, attributes: { ...once.attributes, ApproximateReceiveCount: String(attempt) } };
    };
    for (const attempt of [2, 3, 4, 40]) await invoke(busy, { Records: [again(attempt)] });
    expect(postponed.map(([, , seconds]) => seconds)).toEqual([120, 480, 900, 900]);
  });

  test("when time runs out, messages not begun come back and those done do not", async () => {
    const handled: number[] = [];
    let remaining = 20_000;
    const slow = door(({ n }) => {
      handled.push(n);
      remaining -= 8_000;
    });
    const records = [1, 2, 3, 4].map((n) => record(`m${n}`, JSON.stringify({ n })));
    expect(
      await invoke(
        slow,
        { Records: records },
        contextWith(() => remaining),
      ),
    ).toEqual(failures("m3", "m4"));
    expect(handled).toEqual([2, 3]);
  });

  test("any bytes in a body end in handled, quarantined or put back, never in a failed invocation", async () => {
    const one = door(() => undefined);
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((n) => JSON.stringify({ n })),
    );
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        expect(await invoke(one, { Records: [record("m", text)] })).toEqual(failures());
      }),
      { numRuns: 200 },
    );
  });

  test("a port that is not declared throws when it is used, not when it is taken; a declared one is made once", async () => {
    const made = vi.fn(() => table);
    const seen: unknown[] = [];
    const one = queueDoor({
      name: "taker",
      description: "",
      uses: { table: "read" },
      message: z.object({}),
      async handle(platform) {
        const { table: mine, bus } = { ...platform };
        seen.push(mine);
        await bus.publish([]);
      },
    });
    const handler = lambdaHandler(
      one,
      { ...providers, table: made, bus: () => ({ publish: async () => undefined }) },
      {},
    );
    const records = [record("m1", "{}"), record("m2", "{}")];
    expect(await handler({ Records: records }, contextWith())).toEqual(failures("m1", "m2"));
    expect(seen).toEqual([table, table]);
    expect(made).toHaveBeenCalledTimes(1);
  });
});

describe("outbox doors", () => {
  const envelope = (id: string) => ({ source: "portwarden", "detail-type": "ImageDeleted", detail: { id } });
  function change(id: string, more: Partial<DynamoDBRecord> & { pk?: string; d?: { S: string } } = {}): DynamoDBRecord {
    const { pk = `outbox#${id}`, d = { S: JSON.stringify(envelope(id)) }, ...rest } = more;
    const image = { pk: { S: pk }, sk: { S: "event" }, d, v: { N: "1" } };
    return { eventName: "INSERT", dynamodb: { SequenceNumber: `seq-${id}`, NewImage: image }, ...rest };
  }
  const idOf = (data: unknown) => (data as { detail: { id: string } }).detail.id;
  function recording(refuse: (ids: string[]) => void = () => undefined) {
    const calls: string[][] = [];
    const door = outboxDoor({
      name: "publish",
      description: "",
      uses: {},
      async handle(_, records) {
        const ids = records.map(idOf);
        refuse(ids);
        calls.push(ids);
      },
    });
    return { door, calls };
  }
  const done = { batchItemFailures: [] };

  test("gives the data of outbox partitions in order, and nothing else of the stream", async () => {
    const { door, calls } = recording();
    const records = [
      change("a"),
      change("x", { pk: "finding#1" }),
      change("y", { eventName: "REMOVE" }),
      change("b", { eventName: "MODIFY" }),
    ];
    expect(await invoke(door, { Records: records })).toEqual(done);
    expect(calls).toEqual([["a", "b"]]);
    expect(await invoke(door, { Records: [records[1]] })).toEqual(done);
    expect(calls).toHaveLength(1);
  });

  test("a record that fails for good is set aside, the others get through", async () => {
    const { door, calls } = recording((ids) => {
      if (ids.includes("poison")) throw new PermanentError("event-too-large", "too large");
      if (ids.includes("odd")) throw new Error("a defect");
    });
    const unreadable = change("torn", { d: { S: "{" } });
    const records = [change("a"), change("poison"), unreadable, change("b"), change("odd"), change("c")];
    expect(await invoke(door, { Records: records })).toEqual(done);
    expect(calls).toEqual([["a"], ["b"], ["c"]]);
    const codes = Object.fromEntries(quarantined().map(({ messageId, code }) => [messageId, code]));
    expect(codes).toEqual({ "seq-torn": "record-unfit", "seq-poison": "event-too-large", "seq-odd": "defect" });
    expect(JSON.parse(quarantined().find(({ code }) => code === "defect")?.body ?? "")).toEqual(envelope("odd"));
  });

  test("a failure that will pass gives the stream back from its record on", async () => {
    const { door, calls } = recording((ids) => {
      if (ids.includes("b")) throw new TransientError("throttled", "not now");
    });
    const records = [change("a"), change("b"), change("c")];
    expect(await invoke(door, { Records: records })).toEqual({ batchItemFailures: [{ itemIdentifier: "seq-b" }] });
    expect(calls).toEqual([["a"]]);
    expect(table.items()).toEqual([]);
  });
});

describe("schedule doors", () => {
  const door = (handle: () => Promise<void>, uses: Uses = {}) =>
    scheduleDoor({ name: "hourly", description: "", uses, everyMinutes: 60, handle });

  test("a failure that may pass is thrown to Lambda, a permanent one is recorded and acknowledged", async () => {
    await expect(
      invoke(
        door(() => Promise.reject(new Error("defect"))),
        {},
      ),
    ).rejects.toThrow("defect");
    await invoke(
      door(() => Promise.reject(new PermanentError("forbidden", "no"))),
      {},
    );
    expect(quarantined()).toMatchObject([{ code: "forbidden", messageId: "request-1" }]);
  });
});

describe("http doors", () => {
  const echo = async (_: Platform, request: Request): Promise<Response> =>
    Response.json({
      method: request.method,
      url: request.url,
      cookie: request.headers.get("cookie"),
      body: Buffer.from(await request.arrayBuffer()).toString("base64"),
    });
  const door = (handle: HttpDoor["handle"], access: HttpDoor["access"] = "none") =>
    httpDoor({ name: "web", description: "", uses: {}, routes: ["ANY /{proxy+}"], access, handle });
  function request(more: Record<string, unknown> = {}, context: Record<string, unknown> = {}) {
    return {
      version: "2.0",
      rawPath: "/v1/things",
      rawQueryString: "",
      headers: { "content-type": "application/octet-stream" },
      isBase64Encoded: false,
      requestContext: {
        domainName: "api.example.com",
        http: { method: "POST", path: "/v1/things", sourceIp: "192.0.2.7" },
        ...context,
      },
      ...more,
    };
  }
  const answer = async (one: Door, event: unknown) =>
    (await invoke(one, event)) as { statusCode: number; headers: Record<string, string>; body: string } & Record<
      string,
      unknown
    >;
  const claims = (of: Record<string, unknown>) => ({ authorizer: { jwt: { claims: of, scopes: null } } });

  test("bytes, query, cookies and path arrive as they were sent", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
    const event = request({
      rawPath: "/v1/a?b#c d",
      rawQueryString: "q=1&q=2&e=%C3%A9",
      cookies: ["a=1", "b=2"],
      body: Buffer.from(bytes).toString("base64"),
      isBase64Encoded: true,
    });
    expect(JSON.parse((await answer(door(echo), event)).body)).toEqual({
      method: "POST",
      url: "https://api.example.com/v1/a%3Fb%23c%20d?q=1&q=2&e=%C3%A9",
      cookie: "a=1; b=2",
      body: Buffer.from(bytes).toString("base64"),
    });
    const get = request({ body: "ignored" }, { http: { method: "GET", path: "/", sourceIp: "192.0.2.7" } });
    expect(JSON.parse((await answer(door(echo), get)).body)).toMatchObject({ method: "GET", body: "" });
  });

  test("a body over the limit is answered before the door sees it, whichever way it is encoded", async () => {
    const seen = vi.fn(echo);
    const fits = Buffer.alloc(limits.requestBytes, "x");
    const over = Buffer.alloc(limits.requestBytes + 1, "x");
    for (const encoding of ["base64", "utf8"] as const) {
      const event = (bytes: Buffer) =>
        request({ body: bytes.toString(encoding), isBase64Encoded: encoding === "base64" });
      expect((await answer(door(seen), event(fits))).statusCode).toBe(200);
      expect((await answer(door(seen), event(over))).statusCode).toBe(413);
    }
    expect((await answer(door(seen), request({ body: "é".repeat(limits.requestBytes / 2 + 1) }))).statusCode).toBe(413);
    expect(seen).toHaveBeenCalledTimes(2);
  });

  test("the caller is the token's subject, else its email; without one a door for tokens stays shut", async () => {
    const who = door(async (_, __, caller) => Response.json(caller), "token");
    const principalOf = async (event: unknown) => JSON.parse((await answer(who, event)).body).principal;
    expect(await principalOf(request({}, claims({ sub: "user-1", email: "a@example.com" })))).toBe("user-1");
    expect(await principalOf(request({}, claims({ email: "a@example.com" })))).toBe("a@example.com");
    for (const context of [{}, claims({}), claims({ sub: "" }), claims({ sub: 7 })]) {
      expect((await answer(who, request({}, context))).statusCode).toBe(401);
    }
    const open = door(async (_, __, caller) => Response.json(caller));
    expect(JSON.parse((await answer(open, request())).body)).toEqual({
      principal: "anonymous",
      sourceAddress: "192.0.2.7",
    });
  });

  test("text goes back as text, all else as base64, cookies each for itself", async () => {
    const bytes = Uint8Array.of(0, 255, 128);
    const binary = door(async () => new Response(bytes, { headers: { "content-type": "image/png" } }));
    const sent = await answer(binary, request());
    expect(sent).toMatchObject({ isBase64Encoded: true, body: Buffer.from(bytes).toString("base64") });
    const headers = new Headers({ "content-type": "text/html; charset=utf-8" });
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    expect(
      await answer(
        door(async () => new Response("<p>é", { headers })),
        request(),
      ),
    ).toEqual({
      statusCode: 200,
      headers: { "content-type": "text/html; charset=utf-8" },
      cookies: ["a=1", "b=2"],
      body: "<p>é",
      isBase64Encoded: false,
    });
    const empty = await answer(
      door(async () => new Response(null, { status: 204 })),
      request(),
    );
    expect(empty).toEqual({ statusCode: 204, headers: {} });
  });

  test("a failure says nothing of its cause", async () => {
    const failing = (thrown: Error) =>
      answer(
        door(() => Promise.reject(thrown)),
        request(),
      );
    const secret = "password=hunter2";
    const defect = await failing(new Error(secret));
    expect(defect.statusCode).toBe(500);
    expect(JSON.stringify(defect)).not.toContain(secret);
    const busy = await failing(new TransientError("throttled", secret, { retryAfterSeconds: 2.5 }));
    expect(busy).toMatchObject({ statusCode: 503, headers: { "retry-after": "3" } });
    expect(JSON.stringify(busy)).not.toContain(secret);
    const huge = await answer(
      door(async () => new Response("x".repeat(5 * 1024 * 1024))),
      request(),
    );
    expect(huge.statusCode).toBe(500);
  });
});

test("a wrong environment fails the invocation and names the variable", async () => {
  const door = scheduleDoor({ name: "any", description: "", uses: {}, everyMinutes: 1, handle: async () => undefined });
  const run = (variables: Record<string, string>) => lambdaHandler(door, {}, variables)({}, contextWith());
  await expect(run({ PORTWARDEN_SETTINGS: "{" })).rejects.toThrow(/PORTWARDEN_SETTINGS/);
  await expect(run({ PORTWARDEN_SETTINGS: '{"registrys":{}}' })).rejects.toThrow(/registrys/);
  await expect(run({ PORTWARDEN_QUEUE_URLS: '{"a":"no url"}' })).rejects.toThrow(/PORTWARDEN_QUEUE_URLS/);
  await run({});
});
