/** The requests of OCI distribution-spec 1.1 that the in-process registry answers. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { digestOf } from "./build-image.ts";
import type { Gatekeeper } from "./registry-auth.ts";
import type { Notifier } from "./registry-notifications.ts";
import type { RegistryStore, StoredBlob } from "./registry-store.ts";

/** One request and what it asks for. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly route: Route;
  /** The bytes that would be served, when they are there. */
  readonly stored?: StoredBlob;
}

interface Target {
  readonly repository: string;
  readonly reference: string;
}

export type Route =
  | { readonly kind: "base" | "token" | "unknown" }
  | ({ readonly kind: "manifest" | "blob" | "upload" } & Target)
  | { readonly kind: "tags"; readonly repository: string };

export interface RegistryState {
  readonly store: RegistryStore;
  /** Uploads that have begun, by their id. */
  readonly uploads: Map<string, Buffer>;
  readonly gate: Gatekeeper;
  readonly notify: Notifier;
}

/** The largest upload that is taken into memory. */
const largestUpload = 1024 * 1024 * 1024;

/** What a request asks for. */
export function readExchange(request: IncomingMessage, response: ServerResponse, store: RegistryStore): Exchange {
  const { pathname: path, searchParams: query } = new URL(request.url ?? "/", "http://registry");
  const route = routeOf(path);
  const stored = storedFor(store, route);
  return { request, response, path, query, route, ...(stored === undefined ? {} : { stored }) };
}

/** Answers a request. */
export async function answer(exchange: Exchange, state: RegistryState): Promise<void> {
  const { request, response, route, stored } = exchange;
  if (route.kind === "token") return state.gate.token(request, response, exchange.query);
  if (!state.gate.allows(request, response, route)) return;
  if (route.kind === "base") return void response.writeHead(200).end();
  if (route.kind === "unknown") return fail(response, 404, "UNSUPPORTED");
  if (route.kind === "tags") return sendTags(response, route.repository, state);
  if (route.kind === "upload") return upload(exchange, route, state);
  if (request.method === "PUT" && route.kind === "manifest") return putManifest(exchange, route, state);
  if (request.method === "DELETE" && route.kind === "manifest") return remove(exchange, route, state);
  if (request.method !== "GET" && request.method !== "HEAD") return fail(response, 405, "UNSUPPORTED");
  if (stored === undefined) return fail(response, 404, route.kind === "blob" ? "BLOB_UNKNOWN" : "MANIFEST_UNKNOWN");
  send(request, response, stored);
}

/** Tells the receiver of notifications, if there is one. */
export function announce(
  notify: Notifier,
  action: "push" | "delete",
  { repository, reference }: Target,
  stored: StoredBlob,
  actor?: string,
): void {
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

/** POST begins an upload, PATCH adds to it, PUT ends it; a POST with a digest is all three. */
async function upload({ request, response, query }: Exchange, target: Target, state: RegistryState): Promise<void> {
  const { repository, reference } = target;
  const id = reference === "" ? randomUUID() : reference;
  const before = state.uploads.get(id);
  if (reference !== "" && before === undefined) return fail(response, 404, "BLOB_UPLOAD_UNKNOWN");
  const body = await buffer(request);
  const bytes = before === undefined || before.length === 0 ? body : Buffer.concat([before, body]);
  if (bytes.length > largestUpload) return fail(response, 413, "SIZE_INVALID");
  const digest = query.get("digest");
  if (digest === null) {
    state.uploads.set(id, bytes);
    response.setHeader("Range", `0-${Math.max(0, bytes.length - 1)}`);
    response.setHeader("Location", `/v2/${repository}/blobs/uploads/${id}`);
    return void response.writeHead(202, { "Docker-Upload-UUID": id }).end();
  }
  state.uploads.delete(id);
  if (digestOf(bytes) !== digest) return fail(response, 400, "DIGEST_INVALID");
  state.store.putBlob(bytes);
  created(response, `/v2/${repository}/blobs/${digest}`, digest);
}

async function putManifest({ request, response }: Exchange, target: Target, state: RegistryState): Promise<void> {
  const { repository, reference } = target;
  const bytes = await buffer(request);
  const digest = digestOf(bytes);
  if (reference.includes(":") && reference !== digest) return fail(response, 400, "DIGEST_INVALID");
  const mediaType = request.headers["content-type"] ?? "application/vnd.oci.image.manifest.v1+json";
  state.store.putManifest(repository, reference, { mediaType, bytes });
  created(response, `/v2/${repository}/manifests/${digest}`, digest);
  announce(state.notify, "push", target, { mediaType, bytes }, state.gate.user(request));
}

async function remove({ response, stored }: Exchange, target: Target, state: RegistryState): Promise<void> {
  if (stored === undefined) return fail(response, 404, "MANIFEST_UNKNOWN");
  state.store.removeManifest(target.repository, target.reference);
  response.writeHead(202).end();
  announce(state.notify, "delete", target, stored);
}

function created(response: ServerResponse, location: string, digest: string): void {
  response.writeHead(201, { Location: location, "Docker-Content-Digest": digest }).end();
}

function sendTags(response: ServerResponse, repository: string, { store }: RegistryState): void {
  response.writeHead(200, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ name: repository, tags: store.tags(repository) }));
}

function storedFor(store: RegistryStore, route: Route): StoredBlob | undefined {
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
  const uploaded = /^\/v2\/(.+)\/blobs\/uploads\/([^/]*)$/.exec(path);
  if (uploaded?.[1] !== undefined) return { kind: "upload", repository: uploaded[1], reference: uploaded[2] ?? "" };
  const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path);
  if (match?.[1] === undefined || match[3] === undefined) return { kind: "unknown" };
  const kind = match[2] === "blobs" ? "blob" : "manifest";
  return { kind, repository: match[1], reference: match[3].replace(/%3A/i, ":") };
}

/** A blob or manifest, whole or a range of it. */
function send(request: IncomingMessage, response: ServerResponse, { bytes, mediaType }: StoredBlob): void {
  response.setHeader("Content-Type", mediaType);
  response.setHeader("Docker-Content-Digest", digestOf(bytes));
  response.setHeader("Accept-Ranges", "bytes");
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = range === null ? 0 : Number(range[1]);
  const end = range === null || range[2] === "" ? bytes.length - 1 : Math.min(Number(range[2]), bytes.length - 1);
  if (range !== null && start > end) {
    return void response.writeHead(416, { "Content-Range": `bytes */${bytes.length}` }).end();
  }
  const part = bytes.subarray(start, end + 1);
  if (range !== null) response.setHeader("Content-Range", `bytes ${start}-${end}/${bytes.length}`);
  response.writeHead(range === null ? 200 : 206, { "Content-Length": part.length });
  response.end(request.method === "HEAD" ? undefined : part);
}

function fail(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ errors: [{ code, message: code.toLowerCase().replaceAll("_", " ") }] }));
}
