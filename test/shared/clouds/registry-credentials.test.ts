import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { ecrCredentials, ecrRegion } from "../../../shared/clouds/aws/ecr-credentials.ts";
import { awsWebIdentity } from "../../../shared/clouds/aws/web-identity.ts";
import { azureRegistryCredentials } from "../../../shared/clouds/azure/registry-credentials.ts";
import { googleRegistryCredentials } from "../../../shared/clouds/google/registry-credentials.ts";
import { codeOf } from "../../support/registry.ts";

interface Received {
  readonly path: string;
  readonly type: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A token service: answers each path with what is queued for it, and keeps what it was sent. */
async function tokenService(answer: (received: Received) => { readonly status?: number; readonly body: unknown }) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { authorization, "content-type": type } = request.headers;
      const one = { path: request.url ?? "", type, authorization, body };
      received.push(one);
      const { status, body: answered } = answer(one);
      response.writeHead(status ?? 200).end(typeof answered === "string" ? answered : JSON.stringify(answered));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closing.push(() => new Promise((done) => server.close(() => done()).closeAllConnections()));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

const form = (received: Received | undefined) => Object.fromEntries(new URLSearchParams(received?.body ?? ""));

function settableClock() {
  let now = Date.parse("2026-01-01T00:00:00Z");
  return {
    now: () => now,
    pass: (seconds: number) => {
      now += seconds * 1000;
    },
  };
}

const identities = () => {
  const audiences: string[] = [];
  return { audiences, webIdentity: (audience: string) => Promise.resolve(`jwt-${audiences.push(audience)}`) };
};

describe("Azure Container Registry", () => {
  const settings = { tenantId: "tenant", clientId: "client" };

  test("the role's statement becomes an Entra token, and that a refresh token of the registry", async () => {
    const service = await tokenService(({ path }) =>
      path.startsWith("/tenant/") ? { body: { access_token: "entra" } } : { body: { refresh_token: "refresh" } },
    );
    const { audiences, webIdentity } = identities();
    const clock = settableClock();
    const endpoints = { entra: service.url, registry: () => service.url };
    const source = azureRegistryCredentials({ settings, webIdentity, clock, endpoints });
    expect(await Promise.all([source("teamwork.azurecr.io"), source("teamwork.azurecr.io")])).toEqual([
      { kind: "refresh", token: "refresh" },
      { kind: "refresh", token: "refresh" },
    ]);
    expect(audiences).toEqual(["api://AzureADTokenExchange"]);
    expect(service.received.map(({ path }) => path)).toEqual(["/tenant/oauth2/v2.0/token", "/oauth2/exchange"]);
    expect(form(service.received[0])).toEqual({
      grant_type: "client_credentials",
      client_id: "client",
      scope: "https://containerregistry.azure.net/.default",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: "jwt-1",
    });
    expect(form(service.received[1])).toEqual({
      grant_type: "access_token",
      service: "teamwork.azurecr.io",
      tenant: "tenant",
      access_token: "entra",
    });
    clock.pass(2 * 3600);
    await source("teamwork.azurecr.io");
    expect(service.received).toHaveLength(2);
    clock.pass(3600);
    await source("teamwork.azurecr.io");
    expect(service.received).toHaveLength(4);
    for (const other of [
      "azurecr.io",
      "teamwork.azurecr.io.evil.example",
      "evil.example/teamwork.azurecr.io",
      "a.team5.azurecr.io",
      "ghcr.io",
    ]) {
      expect(await source(other)).toBeUndefined();
    }
  });

  test("refusals are permanent and repeat no token, outages transient, and neither is remembered", async () => {
    const answers: { status?: number; body: unknown }[] = [
      { status: 401, body: { error: "invalid_client", error_description: "jwt-1 is not trusted" } },
      { status: 503, body: "busy" },
      { body: "no json" },
      { body: { other: 1 } },
      { body: { access_token: "x".repeat(300_000) } },
    ];
    const service = await tokenService(() => answers.shift() ?? { body: {} });
    const options = {
      settings,
      clock: settableClock(),
      endpoints: { entra: service.url, registry: () => service.url },
    };
    const source = azureRegistryCredentials({ ...options, webIdentity: identities().webIdentity });
    const refused = await source("teamwork.azurecr.io").catch((error: unknown) => error);
    expect(refused).toMatchObject({ name: "PermanentError", code: "registry-forbidden" });
    expect(String(refused)).toContain("invalid_client");
    expect(String(refused)).not.toContain("jwt-1");
    for (let left = 4; left > 0; left--)
      expect(await codeOf(source("teamwork.azurecr.io"))).toBe("token-service-unavailable");
    await Promise.all(closing.splice(0).map((close) => close()));
    expect(await codeOf(source("teamwork.azurecr.io"))).toBe("token-service-unavailable");
  });
});

describe("Google Artifact Registry", () => {
  const audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/aws";

  test("the role's statement becomes an access token", async () => {
    const service = await tokenService(() => ({ body: { access_token: "federated", expires_in: 3600 } }));
    const { audiences, webIdentity } = identities();
    const clock = settableClock();
    const source = googleRegistryCredentials({
      settings: { audience },
      webIdentity,
      clock,
      endpoints: { sts: service.url },
    });
    const expected = { kind: "basic", username: "oauth2accesstoken", password: "federated" };
    expect(await source("europe-docker.pkg.dev")).toEqual(expected);
    expect(await source("gcr.io")).toEqual(expected);
    expect(await source("eu.gcr.io")).toEqual(expected);
    expect(audiences).toEqual([`https:${audience}`]);
    expect(service.received).toHaveLength(1);
    expect(service.received[0]?.path).toBe("/v1/token");
    expect(form(service.received[0])).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      audience,
      scope: "https://www.googleapis.com/auth/cloud-platform",
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      subject_token: "jwt-1",
    });
    clock.pass(3600);
    await source("gcr.io");
    expect(service.received).toHaveLength(2);
    for (const other of ["gcr.io.evil.example", "pkg.dev:5000", "a.b.pkg.dev", "xgcr.io", "ghcr.io"]) {
      expect([other, await source(other)]).toEqual([other, undefined]);
    }
  });

  test("on wish a service account's", async () => {
    const service = await tokenService(({ path }) =>
      path === "/v1/token"
        ? { body: { access_token: "federated", expires_in: 3600 } }
        : { body: { accessToken: "impersonated", expireTime: "2026-01-01T01:00:00Z" } },
    );
    const settings = { audience, serviceAccount: "reader@p.iam.gserviceaccount.com" };
    const endpoints = { sts: service.url, credentials: service.url };
    const source = googleRegistryCredentials({ settings, clock: settableClock(), endpoints, ...identities() });
    expect(await source("gcr.io")).toMatchObject({ password: "impersonated" });
    expect(service.received[1]).toMatchObject({
      path: "/v1/projects/-/serviceAccounts/reader%40p.iam.gserviceaccount.com:generateAccessToken",
      type: "application/json",
      authorization: "Bearer federated",
    });
    expect(JSON.parse(service.received[1]?.body ?? "")).toEqual({
      scope: ["https://www.googleapis.com/auth/cloud-platform"],
      lifetime: "3600s",
    });
  });
});

describe("Amazon ECR", () => {
  test.each([
    ["123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1"],
    ["123456789012.dkr.ecr-fips.us-gov-east-1.amazonaws.com", "us-gov-east-1"],
    ["123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"],
    ["123456789012.dkr-ecr.eu-west-1.on.aws", "eu-west-1"],
    ["123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example", undefined],
    ["x123456789012.dkr.ecr.eu-west-1.amazonaws.com", undefined],
    ["123456789012.dkr.ecr.eu.west.amazonaws.com", undefined],
    ["123456789012.dkr.ecr.eu-west-1.amazonaws.com:443", undefined],
    ["public.ecr.aws", undefined],
  ])("%s is in %s", (host, region) => expect(ecrRegion(host)).toBe(region));

  const host = (region: string, account = "123456789012") => `${account}.dkr.ecr.${region}.amazonaws.com`;

  test("one token for a region until shortly before it expires", async () => {
    const clock = settableClock();
    const asked: string[] = [];
    const client = (region: string) => ({
      send: (command: object) => {
        asked.push(`${region} ${command.constructor.name}`);
        const authorizationToken = Buffer.from(`AWS:token:${asked.length}`).toString("base64");
        return Promise.resolve({
          authorizationData: [{ authorizationToken, expiresAt: new Date(clock.now() + 12 * 3_600_000) }],
        });
      },
    });
    const source = ecrCredentials({ clock, client: client as never });
    const first = { kind: "basic", username: "AWS", password: "token:1" };
    expect(await Promise.all([source(host("eu-west-1")), source(host("eu-west-1", "000000000001"))])).toEqual([
      first,
      first,
    ]);
    expect(await source(host("us-east-1"))).toMatchObject({ password: "token:2" });
    expect(await source("ghcr.io")).toBeUndefined();
    clock.pass(11 * 3600);
    expect(await source(host("eu-west-1"))).toEqual(first);
    clock.pass(3600);
    expect(await source(host("eu-west-1"))).toMatchObject({ password: "token:3" });
    expect(asked).toEqual(
      ["eu-west-1", "us-east-1", "eu-west-1"].map((region) => `${region} GetAuthorizationTokenCommand`),
    );
  });

  test("failures are the product's own errors, and are not remembered", async () => {
    const answers: (() => Promise<object>)[] = [
      () => Promise.reject(Object.assign(new Error("slow down"), { name: "ThrottlingException" })),
      () => Promise.reject(Object.assign(new Error("none found"), { name: "CredentialsProviderError" })),
      () => Promise.resolve({ authorizationData: [] }),
      () => Promise.resolve({ authorizationData: [{ authorizationToken: Buffer.from("AWS:x").toString("base64") }] }),
    ];
    const client = () => ({ send: () => answers.shift()?.() ?? Promise.reject(new Error("asked too often")) });
    const source = ecrCredentials({ clock: settableClock(), client: client as never });
    expect(await codeOf(source(host("eu-west-1")))).toBe("throttled");
    expect(await codeOf(source(host("eu-west-1")))).toBe("registry-forbidden");
    expect(await codeOf(source(host("eu-west-1")))).toBe("token-service-unavailable");
    expect(await source(host("eu-west-1"))).toMatchObject({ password: "x" });
    expect(await source(host("eu-west-1"))).toMatchObject({ password: "x" });
  });
});

test("the role's statement is asked of STS for one audience", async () => {
  const inputs: unknown[] = [];
  const client = () => ({
    send: (command: { readonly input: unknown }) => {
      inputs.push(command.input);
      return Promise.resolve({ WebIdentityToken: "jwt" });
    },
  });
  expect(await awsWebIdentity({ client: client as never })("api://AzureADTokenExchange")).toBe("jwt");
  expect(inputs).toEqual([
    { Audience: ["api://AzureADTokenExchange"], SigningAlgorithm: "RS256", DurationSeconds: 300 },
  ]);
  const empty = () => ({ send: () => Promise.resolve({}) });
  expect(await codeOf(awsWebIdentity({ client: empty as never })("x"))).toBe("token-service-unavailable");
});
