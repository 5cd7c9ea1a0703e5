import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { exportJWK, exportSPKI, generateKeyPair, importJWK, type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { remoteSigningKeys } from "../../../shared/intake/signing-keys.ts";
import { limits } from "../../../shared/platform/limits.ts";
import { azureAudience, googleAudience, now, samples, serviceAccount, tenant, world } from "./support.ts";

const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
const stranger = await generateKeyPair("RS256", { extractable: true });
const seconds = now / 1000;

let server: Server;
let answer: { status: number; body: string };
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(answer.status, { "content-type": "application/json", location: "/elsewhere" }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(async () => {
  answer = { status: 200, body: JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "key-1" }] }) };
  asked.length = 0;
});

/** A world whose keys come from the local JWKS server, asked for the provider's own path. */
function here() {
  const { port } = server.address() as AddressInfo;
  return world({
    keys: remoteSigningKeys((address) => new URL(`http://127.0.0.1:${port}${new URL(address).pathname}`)),
  });
}

interface Making {
  readonly claims?: JWTPayload;
  readonly header?: { alg?: string; kid?: string };
  readonly key?: Parameters<SignJWT["sign"]>[0];
}

const makers = {
  azure: {
    iss: `https://sts.windows.net/${tenant}/`,
    aud: azureAudience,
    roles: ["AzureEventGridSecureWebhookSubscriber"],
  },
  google: { iss: "https://accounts.google.com", aud: googleAudience, email: serviceAccount, email_verified: true },
} as const;
type Provider = keyof typeof makers;
const providers = ["azure", "google"] as const;

function token(provider: Provider, { claims = {}, header = {}, key = privateKey }: Making = {}): Promise<string> {
  const payload = { ...makers[provider], iat: seconds - 60, nbf: seconds - 60, exp: seconds + 3600, ...claims };
  const wanted = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
  return new SignJWT(wanted).setProtectedHeader({ alg: "RS256", kid: "key-1", ...header } as never).sign(key);
}

const delivery = (provider: Provider, bearer: string): [string, RequestInit] => [
  provider,
  { body: JSON.stringify(samples[provider]), headers: { authorization: `Bearer ${bearer}` } },
];

describe.each(providers)("%s", (provider) => {
  it("is believed with a token of its provider, whose keys are fetched once", async () => {
    const world = here();
    expect(await world.send(...delivery(provider, await token(provider)))).toBe(202);
    expect(world.published).toHaveLength(1);
    expect(await world.send(...delivery(provider, await token(provider)))).toBe(202);
    expect(world.published).toHaveLength(1);
    expect(asked).toEqual([provider === "azure" ? `/${tenant}/discovery/v2.0/keys` : "/oauth2/v3/certs"]);
  });

  const bad: [what: string, make: () => string | Promise<string>, reason: string][] = [
    ["no token", () => "", "unsigned"],
    ["a token that is none", () => "a.b.c", "wrong-token"],
    ["alg none", async () => unsecured(await token(provider)), "wrong-token"],
    ["an unknown key id", () => token(provider, { header: { kid: "key-2" } }), "wrong-token"],
    ["another's key under our key id", () => token(provider, { key: stranger.privateKey }), "wrong-token"],
    ["a changed claim", async () => tampered(await token(provider)), "wrong-token"],
    [
      "HS256 with the public key as the secret",
      async () => {
        const key = new TextEncoder().encode(await exportSPKI(publicKey));
        return token(provider, { header: { alg: "HS256" }, key });
      },
      "wrong-token",
    ],
    [
      "another algorithm by the same key",
      async () => {
        const key = await importJWK(await exportJWK(privateKey), "PS256");
        return token(provider, { header: { alg: "PS256" }, key });
      },
      "wrong-token",
    ],
    ["an expired token", () => token(provider, { claims: { exp: seconds - 31 } }), "expired-token"],
    ["a token without an end", () => token(provider, { claims: { exp: undefined } as never }), "wrong-claims"],
    ["a token for later", () => token(provider, { claims: { nbf: seconds + 31 } }), "wrong-claims"],
    ["another audience", () => token(provider, { claims: { aud: `${makers[provider].aud}/x` } }), "wrong-claims"],
    ["several audiences", () => token(provider, { claims: { aud: [makers[provider].aud, "other"] } }), "wrong-claims"],
    ["another issuer", () => token(provider, { claims: { iss: "https://issuer.example.com" } }), "wrong-claims"],
    ["no issuer", () => token(provider, { claims: { iss: undefined } as never }), "wrong-claims"],
    ...(provider === "azure"
      ? ([
          [
            "another tenant",
            () => token(provider, { claims: { iss: `https://sts.windows.net/${"9".repeat(36)}/` } }),
            "wrong-claims",
          ],
          ["another role", () => token(provider, { claims: { roles: ["Reader"] } }), "wrong-claims"],
          ["no role", () => token(provider, { claims: { roles: undefined } }), "wrong-claims"],
          ["the role as text", () => token(provider, { claims: { roles: makers.azure.roles[0] } }), "wrong-claims"],
        ] satisfies typeof bad)
      : ([
          ["another service account", () => token(provider, { claims: { email: "x@example.com" } }), "wrong-claims"],
          ["an unverified address", () => token(provider, { claims: { email_verified: false } }), "wrong-claims"],
          [
            "an address verified in words",
            () => token(provider, { claims: { email_verified: "true" } }),
            "wrong-claims",
          ],
        ] satisfies typeof bad)),
  ];
  it.each(bad)("is refused with %s", async (_what, make, reason) => {
    const world = here();
    expect(await world.send(...delivery(provider, await make()))).toBe(401);
    expect(world.published).toEqual([]);
    expect(world.counted).toEqual([`webhook-refused 1 ${provider} ${reason}`]);
  });

  it.each([
    ["fail", { status: 500 }],
    ["redirect", { status: 302 }],
    ["are no keys", { body: "<html>" }],
    ["are a document of another kind", { body: "{}" }],
  ])("is told to try again when the provider's keys %s", async (_what, broken) => {
    answer = { ...answer, ...broken };
    const world = here();
    expect(await world.send(...delivery(provider, await token(provider)))).toBe(503);
    expect(world.published).toEqual([]);
    expect(asked).not.toContain("/elsewhere");
  });
});

describe("google", () => {
  it("is told to try again when its keys are larger than any keys are", async () => {
    const genuine = answer.body.replace("{", `{"padding":"${"x".repeat(limits.tokenResponseBytes)}",`);
    answer = { status: 200, body: genuine };
    expect(await here().send(...delivery("google", await token("google")))).toBe(503);
    answer = { status: 200, body: genuine.replace(/x+/, "") };
    expect(await here().send(...delivery("google", await token("google")))).toBe(202);
  });

  it("is refused, and never a fault of ours, with any character of the token changed", async () => {
    const genuine = await token("google");
    const world = here();
    const place = fc.integer({ min: 0, max: genuine.length - 2 });
    const character = fc.constantFrom("A", "a", "0", "-", "_", ".", "~", " ");
    await fc.assert(
      fc.asyncProperty(place, character, async (at, replacement) => {
        fc.pre(genuine[at] !== replacement);
        const changed = genuine.slice(0, at) + replacement + genuine.slice(at + 1);
        expect(await world.send(...delivery("google", changed))).toBe(401);
      }),
      { numRuns: 200 },
    );
    expect(world.published).toEqual([]);
  });

  it("issues tokens under both spellings of its name", async () => {
    const bearer = await token("google", { claims: { iss: "accounts.google.com" } });
    expect(await here().send(...delivery("google", bearer))).toBe(202);
  });
});

describe("azure", () => {
  it("issues tokens of version 2 as well", async () => {
    const bearer = await token("azure", { claims: { iss: `https://login.microsoftonline.com/${tenant}/v2.0` } });
    expect(await here().send(...delivery("azure", bearer))).toBe(202);
  });

  const validation = [
    {
      id: "2d1781af",
      eventType: "Microsoft.EventGrid.SubscriptionValidationEvent",
      data: { validationCode: "512d38b6", validationUrl: "http://127.0.0.1:1/validate" },
    },
  ];

  it("validates a subscription with its code, once it has proven itself", async () => {
    const world = here();
    const body = JSON.stringify(validation);
    expect(await world.send("azure", { body })).toBe(401);
    const headers = { authorization: `Bearer ${await token("azure")}` };
    const response = await world.fetch("azure", { body, headers });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ validationResponse: "512d38b6" });
    expect(asked).toHaveLength(1);
    expect(world.published).toEqual([]);
  });

  it("asks for permission in the way of CloudEvents, and is given it for the name it said", async () => {
    const world = here();
    const ask = (headers: Record<string, string>) => world.fetch("azure", { method: "OPTIONS", headers });
    const response = await ask({
      "webhook-request-origin": "eventgrid.azure.net",
      "webhook-request-callback": "http://127.0.0.1:1/callback",
      "webhook-request-rate": "120",
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("webhook-allowed-origin")).toBe("eventgrid.azure.net");
    expect(response.headers.get("webhook-allowed-rate")).toBe("*");
    expect((await ask({})).status).toBe(400);
    expect((await ask({ "webhook-request-origin": "not a name" })).status).toBe(400);
    const unset = world.ports.settings.intake;
    Object.assign(unset, { azure: undefined });
    expect((await ask({ "webhook-request-origin": "eventgrid.azure.net" })).status).toBe(401);
    expect(asked).toEqual([]);
  });
});

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

function unsecured(jwt: string): string {
  return `${base64url({ alg: "none", kid: "key-1" })}.${jwt.split(".")[1]}.`;
}

function tampered(jwt: string): string {
  const [header, payload = "", signature] = jwt.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  return `${header}.${base64url({ ...claims, exp: claims.exp + 1 })}.${signature}`;
}
