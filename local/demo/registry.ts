/**
 * A small registry in this process, in memory: OCI Distribution 1.1 pull and push (monolithic and chunked), ranges,
 * optional basic or bearer authentication, and the notifications of Docker Distribution. For the demo and for tests;
 * `skopeo` and Docker can push to it too.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { type BuiltImage, type BuiltIndex, digestOf } from "./build-image.ts";
import { gatekeeper, type RegistryAuth } from "./registry-auth.ts";
import { type NotificationTarget, notifier } from "./registry-notifications.ts";

export interface RegistryOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
  readonly auth?: RegistryAuth;
  readonly notifications?: NotificationTarget;
  /** Sees every request before it is served; `true` means it has answered (or will). For faults in tests. */
  readonly intercept?: (exchange: Exchange) => boolean | Promise<boolean>;
}

/** One request and what it asks for. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly route: Route;
  /** The bytes that would be served, when they are there. */
  readonly stored?: StoredBlob;
}

export type Route =
  | { readonly kind: "base" | "token" | "unknown" }
  | { readonly kind: "manifest" | "blob" | "upload"; readonly repository: string; readonly reference: string }
  | { readonly kind: "tags"; readonly repository: string };

export interface StoredBlob {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface Registry {
  /** `host:port`, as it stands in image references. */
  readonly address: string;
  readonly url: string;
  /** Stores an image or index, and notifies; returns the reference by digest. The tag may be absent. */
  push(image: BuiltImage | BuiltIndex, repository: string, tag?: string): Promise<string>;
  /** Stores any manifest bytes under a tag or their digest, without looking at them. */
  putManifest(repository: string, reference: string, stored: StoredBlob): void;
  putBlob(bytes: Buffer): string;
  /** Resolves once every notification was accepted or given up. */
  notified(): Promise<void>;
  close(): Promise<void>;
}

/** The largest upload that is taken into memory. */
const largestUpload = 1024 * 1024 * 1024;

/** Starts the registry; it listens when the promise resolves. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const store = memoryStore();
  const uploads = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500).end(String(error));
      else response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve);
  });
  const { port, address: host, family } = server.address() as AddressInfo;
  const address = family === "IPv6" ? `[${host}]:${port}` : `${host}:${port}`;
  const url = `http://${address}`;
  const gate = gatekeeper(options.auth, url);
  const notify = notifier(options.notifications, address);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = new URL(request.url ?? "/", url);
    const route = routeOf(target.pathname);
    response.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
    const stored = storedFor(store, route);
    const exchange = { request, response, path: target.pathname, route, ...(stored === undefined ? {} : { stored }) };
    if ((await options.intercept?.(exchange)) === true) return;
    if (route.kind === "token") return gate.token(request, response, target);
    if (!gate.allows(request, response, route)) return;
    if (route.kind === "base") return void response.writeHead(200).end();
    if (route.kind === "unknown") return fail(response, 404, "UNSUPPORTED");
    if (route.kind === "tags") return json(response, { name: route.repository, tags: store.tags(route.repository) });
    if (route.kind === "upload") return upload(request, response, route, target);
    if (request.method === "PUT" && route.kind === "manifest") return putManifest(request, response, route);
    if (request.method === "DELETE") return remove(response, route);
    if (request.method !== "GET" && request.method !== "HEAD") return fail(response, 405, "UNSUPPORTED");
    if (stored === undefined) return fail(response, 404, route.kind === "blob" ? "BLOB_UNKNOWN" : "MANIFEST_UNKNOWN");
    send(request, response, stored);
  }

  async function upload(
    request: IncomingMessage,
    response: ServerResponse,
    route: { readonly repository: string; readonly reference: string },
    target: URL,
  ): Promise<void> {
    const id = route.reference === "" ? randomUUID() : route.reference;
    const before = uploads.get(id);
    if (route.reference !== "" && before === undefined) return fail(response, 404, "BLOB_UPLOAD_UNKNOWN");
    const body = await buffer(request);
    const bytes = before === undefined || before.length === 0 ? body : Buffer.concat([before, body]);
    if (bytes.length > largestUpload) return fail(response, 413, "SIZE_INVALID");
    const location = `/v2/${route.repository}/blobs/uploads/${id}`;
    const digest = target.searchParams.get("digest");
    if (digest === null) {
      uploads.set(id, bytes);
      response.setHeader("Range", `0-${Math.max(0, bytes.length - 1)}`);
      return void response.writeHead(202, { Location: location, "Docker-Upload-UUID": id }).end();
    }
    uploads.delete(id);
    if (digestOf(bytes) !== digest) return fail(response, 400, "DIGEST_INVALID");
    store.putBlob(bytes);
    response.writeHead(201, { Location: `/v2/${route.repository}/blobs/${digest}`, "Docker-Content-Digest": digest });
    response.end();
  }

  async function putManifest(
    request: IncomingMessage,
    response: ServerResponse,
    route: { readonly repository: string; readonly reference: string },
  ): Promise<void> {
    const bytes = await buffer(request);
    const digest = digestOf(bytes);
    if (route.reference.includes(":") && route.reference !== digest) return fail(response, 400, "DIGEST_INVALID");
    const mediaType = request.headers["content-type"] ?? "application/vnd.oci.image.manifest.v1+json";
    store.putManifest(route.repository, route.reference, { mediaType, bytes });
    response.writeHead(201, {
      Location: `/v2/${route.repository}/manifests/${digest}`,
      "Docker-Content-Digest": digest,
    });
    response.end();
    announce("push", route.repository, route.reference, { mediaType, bytes }, gate.user(request));
  }

  async function remove(response: ServerResponse, route: Route): Promise<void> {
    if (route.kind !== "manifest") return fail(response, 405, "UNSUPPORTED");
    const stored = store.manifest(route.repository, route.reference);
    if (stored === undefined) return fail(response, 404, "MANIFEST_UNKNOWN");
    store.removeManifest(route.repository, route.reference);
    response.writeHead(202).end();
    announce("delete", route.repository, route.reference, stored);
  }

  function announce(action: string, repository: string, reference: string, stored: StoredBlob, actor?: string): void {
    notify.send({
      action,
      repository,
      mediaType: stored.mediaType,
      digest: digestOf(stored.bytes),
      size: stored.bytes.length,
      ...(reference.includes(":") ? {} : { tag: reference }),
      ...(actor === undefined ? {} : { actor }),
    });
  }

  return {
    address,
    url,
    push: async (image, repository, tag) => {
      const images = image.kind === "index" ? image.images : [image];
      for (const one of images) {
        for (const stored of [one.config, ...one.layers]) store.putBlob(stored.bytes);
        store.putManifest(repository, one.manifest.digest, one.manifest);
        if (image.kind === "index") announce("push", repository, one.manifest.digest, one.manifest);
      }
      const reference = tag ?? image.manifest.digest;
      store.putManifest(repository, reference, image.manifest);
      announce("push", repository, reference, image.manifest);
      return `${address}/${repository}@${image.manifest.digest}`;
    },
    putManifest: (repository, reference, stored) => store.putManifest(repository, reference, stored),
    putBlob: (bytes) => store.putBlob(bytes),
    notified: () => notify.settled(),
    close: async () => {
      notify.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function memoryStore() {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, StoredBlob>();
  return {
    blob: (digest: string) => blobs.get(digest),
    putBlob: (bytes: Buffer): string => {
      const digest = digestOf(bytes);
      blobs.set(digest, bytes);
      return digest;
    },
    manifest: (repository: string, reference: string) => manifests.get(`${repository}@${reference}`),
    putManifest: (repository: string, reference: string, stored: StoredBlob): void => {
      manifests.set(`${repository}@${reference}`, stored);
      manifests.set(`${repository}@${digestOf(stored.bytes)}`, stored);
    },
    removeManifest: (repository: string, reference: string): void => {
      const removed = manifests.get(`${repository}@${reference}`);
      for (const [key, stored] of manifests) {
        if (stored === removed && key.startsWith(`${repository}@`)) manifests.delete(key);
      }
    },
    tags: (repository: string): string[] =>
      [...manifests.keys()]
        .filter((key) => key.startsWith(`${repository}@`))
        .map((key) => key.slice(repository.length + 1))
        .filter((reference) => !reference.includes(":"))
        .sort(),
  };
}

function storedFor(store: ReturnType<typeof memoryStore>, route: Route): StoredBlob | undefined {
  if (route.kind === "manifest") return store.manifest(route.repository, route.reference);
  if (route.kind !== "blob") return undefined;
  const bytes = store.blob(route.reference);
  return bytes === undefined ? undefined : { mediaType: "application/octet-stream", bytes };
}

/** Repository names hold slashes, so the fixed words are looked for from the end. */
function routeOf(path: string): Route {
  if (path === "/v2/" || path === "/v2") return { kind: "base" };
  if (path === "/token") return { kind: "token" };
  const tags = /^\/v2\/(.+)\/tags\/list$/.exec(path);
  if (tags?.[1] !== undefined) return { kind: "tags", repository: tags[1] };
  const upload = /^\/v2\/(.+)\/blobs\/uploads\/([^/]*)$/.exec(path);
  if (upload?.[1] !== undefined) return { kind: "upload", repository: upload[1], reference: upload[2] ?? "" };
  const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path);
  if (match?.[1] === undefined || match[3] === undefined) return { kind: "unknown" };
  const kind = match[2] === "blobs" ? "blob" : "manifest";
  return { kind, repository: match[1], reference: decodeURIComponent(match[3]) };
}

function send(request: IncomingMessage, response: ServerResponse, stored: StoredBlob): void {
  const { bytes, mediaType } = stored;
  response.setHeader("Content-Type", mediaType);
  response.setHeader("Docker-Content-Digest", digestOf(bytes));
  response.setHeader("Accept-Ranges", "bytes");
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = range === null ? 0 : Number(range[1]);
  const end = range === null || range[2] === "" ? bytes.length - 1 : Math.min(Number(range[2]), bytes.length - 1);
  if (range !== null && (start > end || start >= bytes.length)) {
    return void response.writeHead(416, { "Content-Range": `bytes */${bytes.length}` }).end();
  }
  const part = bytes.subarray(start, end + 1);
  if (range !== null) response.setHeader("Content-Range", `bytes ${start}-${end}/${bytes.length}`);
  response.writeHead(range === null ? 200 : 206, { "Content-Length": part.length });
  response.end(request.method === "HEAD" ? undefined : part);
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}

function fail(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ errors: [{ code, message: code.toLowerCase().replaceAll("_", " ") }] }));
}
