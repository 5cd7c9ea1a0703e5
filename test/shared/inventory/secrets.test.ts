import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extractor } from "../../../shared/inventory/extractors/secrets/extractor.ts";
import { readImage } from "../../../shared/inventory/read-image.ts";
import { layerRecordsInMemory } from "../../../shared/inventory/record.ts";
import { findSecrets, withoutSecrets } from "../../../shared/inventory/secrets/find.ts";
import { wants } from "../../../shared/inventory/secrets/paths.ts";
import type { TextOrigin } from "../../../shared/inventory/secrets/rule.ts";
import { secretRules } from "../../../shared/inventory/secrets/rules.ts";
import type { Inventory, Secret } from "../../../shared/inventory/types.ts";
import { limits } from "../../../shared/platform/limits.ts";
import type { ImageConfiguration } from "../../../shared/registry/types.ts";
import { imageOf } from "./images.ts";

const digits = "0123456789";
const lower = "abcdefghijklmnopqrstuvwxyz";
const letters = lower + lower.toUpperCase();
const word = letters + digits;
const hex = "0123456789abcdef";

/** Characters as a vendor would draw them; the same every time. */
function drawn(alphabet: string, length: number, seed = "a"): string {
  let text = "";
  for (let block = 0; text.length < length; block++) {
    const bytes = createHash("sha256").update(`${seed} ${block}`).digest();
    text += [...bytes].map((byte) => alphabet[byte % alphabet.length]).join("");
  }
  return text.slice(0, length);
}

const base64 = (length: number) => drawn(`${word}+/`, length);
const keyBody = (base64(64 * 12).match(/.{64}/g) ?? []).join("\n");
const pem = (label: string, headers = "") => `-----BEGIN ${label}-----\n${headers}${keyBody}\n-----END ${label}-----\n`;
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (claims: object, alg = "HS256") => `${part({ alg, typ: "JWT" })}.${part(claims)}.${drawn(word, 43)}`;

const file = (path: string): TextOrigin => ({ kind: "file", path });
const rulesIn = (text: string, origin: TextOrigin = file("app/.env")) =>
  findSecrets(text, origin, 100).map(({ rule }) => rule.id);

describe("rules", () => {
  it("have unique names, and patterns for all matches", () => {
    expect(new Set(secretRules.map(({ id }) => id)).size).toBe(secretRules.length);
    expect(secretRules.filter(({ pattern }) => !pattern.global)).toEqual([]);
  });

  it.each<[rule: string, text: string, path?: string]>([
    ["private-key", pem("RSA PRIVATE KEY"), "etc/app/tls.key"],
    ["private-key", pem("EC PRIVATE KEY"), "etc/app/tls.key"],
    ["private-key", pem("PRIVATE KEY").replaceAll("\n", "\\n"), "app/settings.json"],
    [
      "private-key",
      pem("OPENSSH PRIVATE KEY").replace(/\n.{30}/, "\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU"),
      "root/.ssh/id_rsa",
    ],
    ["private-key", pem("PGP PRIVATE KEY BLOCK", "Version: GnuPG v2\n\n"), "root/private.asc"],
    ["encrypted-private-key", pem("ENCRYPTED PRIVATE KEY"), "etc/app/tls.key"],
    ["encrypted-private-key", pem("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\n"), "x.pem"],
    [
      "encrypted-private-key",
      pem("OPENSSH PRIVATE KEY").replace(/\n.{32}/, "\nb3BlbnNzaC1rZXktdjEAAAAACmFlczI1"),
      "root/.ssh/id_ed25519",
    ],
    [
      "putty-private-key",
      `PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nComment: a\nPublic-Lines: 1\n${base64(64)}\nPrivate-Lines: 12\n${keyBody}\nPrivate-MAC: 00`,
      "root/a.ppk",
    ],
    [
      "gcp-service-account-key",
      JSON.stringify({ type: "service_account", private_key: pem("PRIVATE KEY") }),
      "app/service-account.json",
    ],
    ["aws-access-key-id", `aws_access_key_id = AKIA${drawn("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)}`],
    ["aws-secret-access-key", `aws_secret_access_key = ${base64(40)}`, "root/.aws/credentials"],
    ["aws-secret-access-key", `{"SecretAccessKey": "${base64(40)}"}`, "app/config.json"],
    ["gcp-api-key", `KEY=AIza${drawn(word, 35)}`],
    ["gcp-oauth-secret", `x=GOCSPX-${drawn(word, 28)}`],
    ["gcp-refresh-token", `{"refresh_token": "1//0${drawn(word, 98)}"}`, "root/adc.json"],
    ["azure-storage-key", `DefaultEndpointsProtocol=https;AccountKey=${base64(86)}==;EndpointSuffix=core.windows.net`],
    ["azure-shared-access-key", `Endpoint=sb://x/;SharedAccessKey=${base64(43)}=`],
    ["azure-client-secret", `CLIENT=${drawn(word, 3)}8Q~${drawn(word, 34)}`],
    ["azure-registry-token", `p=${base64(42)}+ACRD${drawn(word, 5)}`],
    ["github-token", `GH=ghp_${drawn(word, 36)}`],
    ["github-fine-grained-token", `GH=github_pat_${drawn(word, 22)}_${drawn(word, 59)}`],
    ["gitlab-token", `GL=glpat-${drawn(word, 20)}`],
    ["npm-token", `//registry.example.org/:_authToken=npm_${drawn(word, 36)}`, "root/.npmrc"],
    ["pypi-token", `password = pypi-AgEIcHlwaS5vcmc${drawn(word, 120)}`, "root/.pypirc"],
    ["docker-hub-token", `T=dckr_pat_${drawn(word, 27)}`],
    ["slack-token", `T=xoxb-${drawn(digits, 12)}-${drawn(digits, 12)}-${drawn(word, 24)}`],
    ["slack-webhook", `https://hooks.slack.com/services/T${drawn(word, 10)}/B${drawn(word, 10)}/${drawn(word, 24)}`],
    ["stripe-key", `T=sk_live_${drawn(word, 24)}`],
    ["sendgrid-key", `T=SG.${drawn(word, 22)}.${drawn(word, 43)}`],
    ["vault-token", `T=hvs.${drawn(word, 95)}`],
    ["databricks-token", `T=dapi${drawn(hex, 32)}`],
    ["digitalocean-token", `T=dop_v1_${drawn(hex, 64)}`],
    ["jwt", `T=${jwt({ iss: "kubernetes/serviceaccount", sub: "system:serviceaccount:a:b" }, "RS256")}`],
    ["npmrc-auth", `//npm.example.org/:_authToken=${drawn(word, 20)}`, "root/.npmrc"],
    ["npmrc-auth", `_auth=${Buffer.from(`ci:${drawn(word, 12)}`).toString("base64")}`, "home/ci/.npmrc"],
    ["docker-registry-auth", `{"auths":{"r.example.org":{"auth":"${base64(24)}"}}}`, "root/.docker/config.json"],
    ["kubeconfig-client-key", `    client-key-data: LS0tLS1CRUdJTi${base64(400)}`, "root/.kube/config"],
    ["kubeconfig-token", `    token: ${drawn(word, 60)}`, "etc/kubernetes/admin.conf"],
    ["netrc-password", "machine x.example.org login ci password T7vq-2mPz", "root/.netrc"],
    ["pgpass-password", "db:5432:app:app:T7vq-2mPz", "root/.pgpass"],
    ["password-hash", `root:$6$${drawn(word, 16)}$${drawn(word, 86)}:19000:0:99999:7:::`, "etc/shadow"],
    ["url-credentials", "https://ci:T7vq-2mPz@git.example.org", "root/.git-credentials"],
    ["url-credentials", "DATABASE_URL=postgres://app:T7vq2mPz@db.example.org:5432/app"],
    ["authorization-header", `curl -H "Authorization: Bearer ${drawn(word, 32)}" x`, "root/.bash_history"],
    ["assigned-secret", "DB_PASSWORD=T7vq-2mPz!x"],
    ["assigned-secret", 'spring.datasource.password: "T7vq-2mPz!x"', "app/application.yml"],
    ["assigned-secret", `SECRET_KEY_BASE_TOKEN=${drawn(hex, 64)}`],
    ["hard-coded-secret", "define( 'DB_PASSWORD', 'T7vq-2mPz!x' );", "var/www/html/wp-config.php"],
    ["hard-coded-secret", 'apiKey: "T7vq2mPz9sLw4RtY"', "app/server.js"],
  ])("%s", (rule, text, path) => {
    const origin = file(path ?? "app/.env");
    expect(rulesIn(text, origin)).toEqual([rule]);
    // What is told of it does not contain it.
    const [found] = findSecrets(text, origin, 10);
    expect(found?.value.length).toBeGreaterThan(7);
    expect(withoutSecrets(text, origin)).not.toContain(found?.value);
  });

  it.each<[what: string, text: string, path?: string]>([
    ["examples of the vendor", "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
    ["a certificate", pem("CERTIFICATE"), "etc/app/tls.pem"],
    ["a public key", pem("PUBLIC KEY"), "etc/app/tls.pem"],
    ["a key cut short", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow...\n-----END RSA PRIVATE KEY-----", "a.md"],
    ["references to variables", "DB_PASSWORD=$" + "{DB_PASSWORD}\nTOKEN=$TOKEN_FROM_CI\nAPI_KEY={{ api_key_value }}"],
    ["placeholders", "DB_PASSWORD=changeme\nAPI_KEY=your-api-key-here\nSECRET=xxxxxxxxxxxx\nTOKEN=<your token>"],
    ["paths and addresses", "SECRET_TOKEN=/run/secrets/token1\nAUTH_TOKEN=https://auth.example.org/v1"],
    ["names that tell of secrets", "PASSWORD_FILE=/x/Y7zq\nTOKEN_URL=T7vq-2mPz!x\nMAX_TOKENS=20000000"],
    ["a key's fingerprint in official images", "GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568"],
    ["a checksum", `PYTHON_GET_PIP_SHA256=${drawn(hex, 64)}`],
    ["code that reads a secret", 'token = request.headers["Authorization"]\npassword = get_password(user)', "app/a.py"],
    ["the format's own example", `TOKEN=${jwt({ sub: "1234567890", name: "John Doe", iat: 1516239022 })}`],
    ["a key meant for pages", `ANON_TOKEN=${jwt({ iss: "supabase", role: "anon" })}`],
    ["an unsigned token", `T=${jwt({ sub: "x" }, "none")}`],
    ["a registry token from the environment", "//registry.example.org/:_authToken=$" + "{NPM_TOKEN}", "root/.npmrc"],
    [
      "an empty Docker configuration",
      '{"auths":{"r.example.org":{}},"credsStore":"desktop"}',
      "root/.docker/config.json",
    ],
    ["locked users", "root:*:19000:0:99999:7:::\nbin:!!:19000::::::\nx:!:1", "etc/shadow"],
    ["an address without a password", "https://git.example.org/a.git https://user@git.example.org/a"],
    ["credentials of a local database", "DATABASE_URL=postgres://postgres:postgres@localhost/x"],
    [
      "the emulator's key",
      `AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq${"/K1SZFPTOtr/KBHBeksoGMGw"}==`,
    ],
    ["an encrypted setting", "password=ENC(T7vq2mPz9sLw4RtY==)", "app/application.properties"],
  ])("nothing in %s", (_, text, path) => {
    expect(rulesIn(text, file(path ?? "app/.env"))).toEqual([]);
  });

  it("no text takes long: time grows with length, whatever the text repeats", { timeout: 60_000 }, () => {
    const seeds = [
      "-----BEGIN PRIVATE KEY-----\n",
      "-----BEGIN PRIVATE KEY-----",
      "Encryption: none\nComment: a\nPublic-Lines: 1\nA",
      "eyJaaaaaaaaaa.",
      "password=",
      "a.password-token_secret",
      'password="aaaaaaa',
      "a://a:a",
      "x:x:x:x:",
      "secret_key=aaaaaaaa\n",
      "AKIA",
      "curl ",
      "\n",
      "A",
      "Authorization: Bearer ",
      `"private_key": "-----BEGIN PRIVATE KEY-----${base64(200)}`,
    ];
    const path = "root/PuTTY-User-Key-File-/.npmrc";
    for (const seed of seeds) {
      const text = `PuTTY-User-Key-File-${seed.repeat(Math.ceil(262_144 / seed.length))}`;
      const started = performance.now();
      for (const origin of [file(path), file("x/.pgpass"), file("a.env"), file("a.js"), { kind: "history" } as const]) {
        findSecrets(text, origin, 100);
      }
      // Quadratic work over 256 kB would take minutes.
      expect(performance.now() - started, JSON.stringify(seed)).toBeLessThan(15_000);
    }
  });
});

const extract = (path: string, content: string | Buffer) =>
  extractor.extract({
    path,
    content: Buffer.from(content),
    companions: new Map(),
    isLanguageEvidence: () => false,
  });

describe("files", () => {
  it("are told by line, with a hash that is another one at another place", () => {
    const token = `ghp_${drawn(word, 36)}`;
    const one = extract("app/.env", `A=1\r\nB=2\n\nGH=${token}\nDB_PASSWORD=T7vq-2mPz!x\n`);
    expect(one.secrets).toEqual([
      { rule: "github-token", line: 4, fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) },
      // Four digits confirm no guess.
      { rule: "assigned-secret", line: 5, fingerprint: expect.stringMatching(/^[0-9a-f]{4}$/) },
    ]);
    expect(JSON.stringify(one)).not.toContain(token);
    expect(extract("app/.env", `GH=${token}`).secrets?.[0]?.fingerprint).toBe(one.secrets?.[0]?.fingerprint);
    expect(extract("srv/.env", `GH=${token}`).secrets?.[0]?.fingerprint).not.toBe(one.secrets?.[0]?.fingerprint);
    const other = `ghp_${drawn(word, 36, "b")}`;
    expect(extract("app/.env", `GH=${other}`).secrets?.[0]?.fingerprint).not.toBe(one.secrets?.[0]?.fingerprint);
  });

  it("binary and generated ones are left alone, and many secrets are cut with a word", () => {
    const token = `GH=ghp_${drawn(word, 36)}`;
    expect(extract("app/data.key", Buffer.concat([Buffer.from(token), Buffer.alloc(4)]))).toEqual({});
    expect(extract("app/index.js", `${"var a=1;".repeat(5000)}${token}`)).toEqual({});
    const many = Array.from({ length: 150 }, (_, index) => `T${index}=ghp_${drawn(word, 36, String(index))}`).join(
      "\n",
    );
    const { secrets, partial } = extract("app/.env", many);
    expect(secrets).toHaveLength(limits.secretsPerFile);
    expect(partial?.map(({ reason }) => reason)).toEqual(["secretsPerFile"]);
  });

  it.each([
    ["root/.ssh/id_rsa", true],
    ["home/ci/.npmrc", true],
    ["home/ci/.docker/config.json", true],
    ["root/.kube/config", true],
    ["app/.git/config", true],
    ["app/server.js", true],
    ["app/Procfile", true],
    ["srv/deep/prod.env", true],
    ["etc/ssl/private/server.key", true],
    ["etc/shadow", true],
    ["run/secrets/db", true],
    ["app/node_modules/x/.npmrc", false],
    ["usr/lib/python3/dist-packages/x/test.pem", false],
    ["usr/share/doc/openssl/key.pem", false],
    ["etc/ssl/certs/ca.pem", false],
    ["app/tests/fixtures/id_rsa", false],
    ["app/static/app.min.js", false],
    ["app/logo.png", false],
    ["etc/app/config", false],
    ["opt/x/config.json", false],
  ])("%s: %s", (path, wanted) => {
    expect(wants.accept?.(path)).toBe(wanted);
  });

  it("no content and no path makes the extractor throw", () => {
    const sample = `${pem("RSA PRIVATE KEY")}T=${jwt({ sub: "a" })}\nDB_PASSWORD=T7vq-2mPz!x\nhttps://a:T7vq2mPz@b.c\n`;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { maxLength: 40 }),
        fc.constantFrom("root/.npmrc", "app/.env", "etc/shadow", "root/.kube/config", "a.js", "root/.pgpass"),
        (changes, path) => {
          const content = Buffer.from(sample);
          for (const [at, byte] of changes) content[at] = byte;
          const { secrets = [] } = extract(path, content);
          const lines = content.toString("latin1").split("\n").length;
          expect(secrets.every(({ line }) => line >= 1 && line <= lines)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("images", () => {
  const token = `ghp_${drawn(word, 36)}`;
  const other = `glpat-${drawn(word, 20)}`;

  async function read(
    configuration: Partial<ImageConfiguration>,
    layers: Parameters<typeof imageOf>[0],
  ): Promise<Inventory> {
    const image = imageOf(layers);
    return readImage(
      { ...image, configuration: { ...image.configuration, ...configuration } },
      { records: layerRecordsInMemory() },
    );
  }
  const told = (secrets: readonly Secret[] | undefined) => secrets?.map(({ rule, place }) => [rule, place]);

  it("tell of files that a later layer removed or replaced: their bytes are still there", async () => {
    const inventory = await read({}, [
      {
        files: [
          { path: "root/.npmrc", content: `//x/:_authToken=${token}` },
          { path: "app/.env", content: `T=${other}` },
          { path: "root/.ssh/id_rsa", content: pem("RSA PRIVATE KEY") },
        ],
      },
      { files: [{ path: "root/.wh..npmrc" }, { path: "app/.env", content: "T=\n" }] },
      { files: [{ path: "srv/.env", content: `T=${other}` }] },
    ]);
    const [first, , third] = inventory.layers.map(({ diffId }) => diffId);
    expect(told(inventory.secrets)).toEqual([
      ["gitlab-token", { kind: "file", path: "app/.env", layer: first, line: 1, removed: true }],
      ["github-token", { kind: "file", path: "root/.npmrc", layer: first, line: 1, removed: true }],
      ["private-key", { kind: "file", path: "root/.ssh/id_rsa", layer: first, line: 1, removed: false }],
      ["gitlab-token", { kind: "file", path: "srv/.env", layer: third, line: 1, removed: false }],
    ]);
    expect(inventory.partial).toEqual([]);
  });

  it("tell of environment, labels, build arguments and commands, and keep no value anywhere", async () => {
    const inventory = await read(
      {
        config: {
          environment: ["PATH=/bin", `GITHUB_TOKEN=${token}`],
          labels: { "com.example.note": `uses ${other}` },
          command: ["serve", `--token=${token}`],
        },
        history: [
          { createdBy: `|1 TOKEN=${other} /bin/sh -c npm ci` },
          { createdBy: `ENV GITHUB_TOKEN=${token}`, emptyLayer: true },
          { createdBy: 'CMD ["serve"]', emptyLayer: true },
          { createdBy: "RUN /bin/sh -c curl https://ci:T7vq2mPz@x.example.org/a | sh # buildkit" },
        ],
      },
      [{ files: [] }, { files: [{ path: "a", content: "a" }] }],
    );
    const [first, second] = inventory.layers.map(({ diffId }) => diffId);
    expect(told(inventory.secrets)).toEqual([
      ["github-token", { kind: "environment", name: "GITHUB_TOKEN" }],
      ["gitlab-token", { kind: "label", name: "com.example.note" }],
      ["gitlab-token", { kind: "history", step: 0, layer: first }],
      ["url-credentials", { kind: "history", step: 3, layer: second }],
    ]);
    expect(inventory.layers.map(({ createdBy }) => createdBy)).toEqual([
      "|1 TOKEN=*** /bin/sh -c npm ci",
      "RUN /bin/sh -c curl https://ci:***@x.example.org/a | sh # buildkit",
    ]);
    expect(inventory.facts?.labels).toEqual({ "com.example.note": "uses ***" });
    expect(inventory.facts?.command).toEqual(["serve", "--token=***"]);
    const text = JSON.stringify(inventory);
    for (const value of [token, other, "T7vq2mPz"]) expect(text).not.toContain(value);
  });

  it("the same layer twice says the same once", async () => {
    const files = [{ path: "root/.npmrc", content: `//x/:_authToken=${token}` }];
    const inventory = await read({}, [{ files }, { files }]);
    expect(inventory.secrets).toHaveLength(1);
    expect(inventory.secrets?.[0]?.place).toMatchObject({ removed: false });
  });
});
