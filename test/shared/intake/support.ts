import { createHmac } from "node:crypto";
import type { DomainEvent } from "../../../shared/events/types.ts";
import { type IntakePorts, receiveDelivery } from "../../../shared/intake/receive.ts";
import type { SigningKeys } from "../../../shared/intake/signing-keys.ts";
import { PermanentError } from "../../../shared/platform/errors.ts";
import { type SettingsInput, settingsSchema } from "../../../shared/platform/settings.ts";
import { memoryTable } from "../../support/memory-table.ts";

/** The moment all tests happen at. */
export const now = Date.UTC(2026, 10, 22, 12, 0, 0);
export const tenant = "11111111-2222-4333-8444-555555555555";
export const azureAudience = "api://portwarden-intake";
export const googleAudience = "https://portwarden.example.com/v1/hooks/google";
export const serviceAccount = "push@project.iam.gserviceaccount.com";
export const digestA = `sha256:${"a1".repeat(32)}`;
export const digestB = `sha256:${"b2".repeat(32)}`;

const everySender: SettingsInput["intake"] = {
  distribution: { secrets: ["distribution"] },
  harbor: { secrets: ["harbor"] },
  github: { secrets: ["github-new", "github-old"] },
  "docker-hub": { secrets: ["docker-hub"] },
  quay: { secrets: ["quay"] },
  azure: { tenantId: tenant, audience: azureAudience },
  google: { audience: googleAudience, serviceAccount },
};

export const secretValues: Readonly<Record<string, string>> = {
  distribution: "distribution secret",
  harbor: "harbor-secret",
  "github-new": "github-secret-new",
  "github-old": "github-secret-old",
  "docker-hub": "hub-secret",
  quay: "quay-secret",
};

const noKeys: SigningKeys = () => () => Promise.reject(new Error("no signing keys in this test"));

export type World = ReturnType<typeof world>;

/** Every port of the intake, in memory, with what it did on the outside. */
export function world(options: { intake?: SettingsInput["intake"]; keys?: SigningKeys } = {}) {
  const state = { now, publishError: undefined as Error | undefined, secrets: { ...secretValues } };
  const published: DomainEvent[] = [];
  const delayed: { readonly queue: string; readonly body: unknown; readonly delaySeconds: number | undefined }[] = [];
  const counted: string[] = [];
  const logged: string[] = [];
  const table = memoryTable({ now: () => state.now });
  const write = (message: string, fields?: unknown) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const ports: IntakePorts = {
    settings: settingsSchema.parse({ intake: options.intake ?? everySender }),
    clock: { now: () => state.now },
    log: { debug: write, info: write, warn: write, error: write },
    metrics: {
      count: (name, value = 1, dimensions = {}) => {
        counted.push([name, value, ...Object.values(dimensions)].join(" "));
      },
    },
    secrets: {
      get: async (name) => {
        const value = (state.secrets as Readonly<Record<string, string>>)[name];
        if (value === undefined) throw new PermanentError("secret-missing", `no secret ${name}`);
        return value;
      },
    },
    bus: {
      publish: async (events) => {
        if (state.publishError !== undefined) throw state.publishError;
        published.push(...events);
      },
    },
    queues: {
      send: async (queue, bodies, delaySeconds) => {
        for (const body of bodies) delayed.push({ queue, body, delaySeconds });
      },
      status: async () => [],
      redrive: async () => 0,
    },
    table,
  };
  const keys = options.keys ?? noKeys;
  return {
    state,
    ports,
    published,
    delayed,
    counted,
    logged,
    remembered: () => table.items().length,
    async send(sender: string, request: RequestInit, query = ""): Promise<number> {
      const response = await this.fetch(sender, request, query);
      const body = await response.text();
      if (response.status >= 400 && body !== "") throw new Error(`a refusal must say nothing, but says ${body}`);
      return response.status;
    },
    fetch(sender: string, request: RequestInit, query = ""): Promise<Response> {
      const address = `http://127.0.0.1:8080/v1/hooks/${sender}${query}`;
      return receiveDelivery(ports, keys, sender, new Request(address, { method: "POST", ...request }));
    },
  };
}

/** A genuine delivery of a sender that shows or signs with a secret. */
export function genuine(sender: string, body: string): [sender: string, request: RequestInit, query?: string] {
  const secret = secretValues[sender] ?? secretValues[`${sender}-new`] ?? "";
  if (sender === "github") return [sender, { body, headers: { "x-hub-signature-256": signature(body, secret) } }];
  if (sender === "docker-hub" || sender === "quay") return [sender, { body }, `?token=${secret}`];
  return [sender, { body, headers: { authorization: `Bearer ${secret}` } }];
}

export function signature(body: string, secret: string): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

const seconds = now / 1000;
const iso = "2026-11-22T11:59:58.123Z";

/** One delivery of each sender, written here after the senders' own documentation. */
export const samples = {
  distribution: {
    events: [
      {
        id: "9f1c8f4e-0001",
        timestamp: "2026-11-22T11:59:58.123456789Z",
        action: "push",
        target: {
          mediaType: "application/vnd.oci.image.index.v1+json",
          size: 1234,
          digest: digestA,
          length: 1234,
          repository: "team/app",
          url: `http://registry.internal:5000/v2/team/app/manifests/${digestA}`,
          tag: "1.2",
        },
        request: { id: "r1", addr: "10.0.0.7:51234", host: "Registry.example.com:5000", method: "PUT" },
        actor: { name: "ci" },
        source: { addr: "registry-1:5000", instanceID: "i1" },
      },
    ],
  },
  harbor: {
    type: "PUSH_ARTIFACT",
    occur_at: seconds - 2,
    operator: "admin",
    event_data: {
      resources: [{ digest: digestA, tag: "1.2", resource_url: "harbor.example.com/library/app:1.2" }],
      repository: { date_created: 1677053165, name: "app", namespace: "library", repo_full_name: "library/app" },
    },
  },
  github: {
    action: "published",
    registry_package: {
      id: 10,
      name: "app",
      namespace: "Octo",
      ecosystem: "CONTAINER",
      package_type: "CONTAINER",
      updated_at: iso,
      package_version: {
        id: 77,
        version: digestA,
        updated_at: iso,
        package_url: "ghcr.io/Octo/app:1.2",
        container_metadata: {
          tag: { name: "1.2", digest: digestA },
          manifest: { digest: digestA, media_type: "application/vnd.oci.image.manifest.v1+json" },
        },
      },
    },
    sender: { login: "octocat" },
  },
  "docker-hub": {
    callback_url: "https://hub.example.com/callback",
    push_data: { pushed_at: seconds - 2, pusher: "svend", tag: "1.2" },
    repository: { name: "app", namespace: "svend", repo_name: "svend/app" },
  },
  quay: {
    name: "app",
    repository: "ns/app",
    namespace: "ns",
    docker_url: "quay.io/ns/app",
    updated_tags: ["1.2", "latest"],
  },
  azure: [
    {
      id: "c25fdb80",
      topic: "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/harbour1",
      eventType: "Microsoft.ContainerRegistry.ImagePushed",
      eventTime: iso,
      data: {
        timestamp: "2026-11-22T11:59:58.1234567Z",
        action: "push",
        target: {
          mediaType: "application/vnd.docker.distribution.manifest.v2+json",
          digest: digestA,
          repository: "team/app",
          tag: "1.2",
        },
        request: { host: "harbour1.azurecr.io", method: "PUT" },
      },
    },
  ],
  google: {
    message: {
      data: Buffer.from(
        JSON.stringify({
          action: "INSERT",
          digest: `europe-docker.pkg.dev/project/repo/app@${digestA}`,
          tag: "europe-docker.pkg.dev/project/repo/app:1.2",
        }),
      ).toString("base64"),
      messageId: "4711",
      publishTime: iso,
    },
    subscription: "projects/project/subscriptions/gcr-push",
  },
} as const;
