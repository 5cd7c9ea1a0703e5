/** Images in a registry: the pull half of OCI distribution-spec 1.1. */
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { PermanentError, TransientError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import { parseDigest, sha256, verified, verifier } from "../digest.ts";
import { acceptedManifests, parseDocument } from "../documents.ts";
import { formatReference } from "../reference.ts";
import { type ContentStore, type Root, resolveImages } from "../resolve.ts";
import type { SourceOptions } from "../source-options.ts";
import type { Descriptor, ImageReference, ImageSource } from "../types.ts";
import { authorizer } from "./authorization.ts";
import { bodyOf, discard, failureOf, type HttpOptions, readBody, send } from "./http.ts";
import { networkPolicy } from "./policy.ts";
import { defaultTiming, pause, withRetries } from "./timing.ts";

/** Connections that one blob may take, however little each of them brings. */
const mostResumes = 100;

/**
 * A reference as a place to read from. Nothing is contacted before `resolve`.
 * @throws PermanentError `registry-not-allowed`, `bad-reference`
 */
export function registrySource(reference: ImageReference, options: SourceOptions): ImageSource {
  const policy = networkPolicy(options.settings);
  policy.checkRegistry(reference.registry);
  const timing = { ...defaultTiming, ...options.timing };
  const http: HttpOptions = { policy, timing, registry: reference.registry };
  const auth = authorizer(options.credentials, http);
  const base = baseUrl(reference, policy.schemeOf(reference.registry));
  const scope = `repository:${reference.repository}:pull`;

  /** A GET that signs in when asked to. */
  async function get(path: string, headers: OutgoingHttpHeaders): Promise<IncomingMessage> {
    const url = new URL(path, base);
    const attempt = (authorization: string | undefined) =>
      send(
        { method: "GET", url, headers: authorization === undefined ? headers : { ...headers, authorization } },
        http,
      );
    const known = auth.header(scope);
    const response = await attempt(known);
    if (response.statusCode !== 401) return response;
    discard(response);
    return attempt(await auth.answer(response, scope, known));
  }

  /** A manifest or index, by tag or digest. */
  function readDocument(at: string, expected?: Descriptor): Promise<{ bytes: Buffer; type: string | undefined }> {
    const what = `${reference.registry}/${reference.repository}${at.includes(":") ? "@" : ":"}${at}`;
    return withRetries(timing, async () => {
      const response = await get(`manifests/${at}`, { accept: acceptedManifests });
      if (response.statusCode !== 200) {
        discard(response);
        throw failureOf(response, what);
      }
      const bytes = await readBody(response, reference.registry, limits.manifestBytes, timing);
      const told = response.headers["docker-content-digest"];
      const digest = parseDigest(at) ? at : typeof told === "string" && parseDigest(told) ? told : sha256(bytes);
      const check = verifier({ digest, size: expected?.size ?? bytes.length }, "manifest");
      check.take(bytes);
      check.finish();
      return { bytes, type: response.headers["content-type"] };
    });
  }

  async function* openBlob(descriptor: Descriptor): AsyncGenerator<Uint8Array, void, undefined> {
    let offset = 0;
    let failures = 0;
    for (let resumed = 0; offset < descriptor.size || descriptor.size === 0; resumed++) {
      const before = offset;
      try {
        for await (const chunk of blobFrom(descriptor, offset)) {
          offset += chunk.length;
          yield chunk;
        }
        return;
      } catch (error) {
        if (!(error instanceof TransientError)) throw error;
        failures = offset > before ? 1 : failures + 1;
        if (failures >= timing.tries || resumed >= mostResumes) throw error;
        options.log.debug("blob interrupted, going on from where it stopped", { digest: descriptor.digest, offset });
        await pause(error, failures, timing);
      }
    }
  }

  /** One connection's worth of a blob, from `offset`. Ends normally only at the blob's end. */
  async function* blobFrom(descriptor: Descriptor, offset: number): AsyncGenerator<Uint8Array, void, undefined> {
    const range = offset === 0 ? {} : { range: `bytes=${offset}-` };
    const response = await get(`blobs/${descriptor.digest}`, { accept: "*/*", ...range });
    try {
      let skip = bytesToSkip(response, descriptor, offset);
      let received = offset - skip;
      for await (const chunk of bodyOf(response, reference.registry, timing)) {
        received += chunk.length;
        const useful = chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - useful.length;
        if (useful.length > 0) yield useful;
      }
      if (received < descriptor.size) {
        throw new TransientError(
          "registry-truncated",
          `${reference.registry} sent ${received} of ${descriptor.size} bytes`,
        );
      }
    } finally {
      response.destroy();
    }
  }

  const store: ContentStore = {
    readManifest: async (descriptor) => (await readDocument(descriptor.digest, descriptor)).bytes,
    readConfiguration: async (descriptor) => {
      checkConfigurationSize(descriptor);
      const parts: Uint8Array[] = [];
      for await (const part of verified(openBlob(descriptor), descriptor, "configuration")) parts.push(part);
      return Buffer.concat(parts);
    },
    openBlob: (descriptor) => verified(counted(openBlob(descriptor), options.onBytes), descriptor, "layer"),
  };

  return {
    name: formatReference(reference),
    resolve: async (platforms) => {
      const { bytes, type } = await readDocument(reference.digest ?? reference.tag ?? "latest");
      const root: Root = { digest: reference.digest ?? sha256(bytes), document: parseDocument(bytes, type) };
      return resolveImages(store, root, platforms);
    },
    close: () => Promise.resolve(),
  };
}

function baseUrl(reference: ImageReference, scheme: "http:" | "https:"): URL {
  // Docker Hub's API has another name than its images.
  const host = reference.registry === "docker.io" ? "registry-1.docker.io" : reference.registry;
  const text = `${scheme}//${host}/v2/${reference.repository}/`;
  if (!URL.canParse(text))
    throw new PermanentError("bad-reference", `not an image name: "${host}" is no registry host`);
  return new URL(text);
}

/**
 * Reads the head of a blob's answer.
 * @returns how many bytes of the body lie before the wanted offset: a server may ignore `Range`
 */
function bytesToSkip(response: IncomingMessage, descriptor: Descriptor, offset: number): number {
  const what = `blob ${descriptor.digest}`;
  if (response.statusCode === 416) throw truncated(what, `no more than ${offset}`, descriptor);
  if (response.statusCode !== 200 && response.statusCode !== 206) throw failureOf(response, what);
  const partial = response.statusCode === 206;
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers["content-range"] ?? "") ?? [];
  if (partial && Number(start) !== offset) {
    throw new TransientError("registry-range", `${what}: another range was sent than asked for`);
  }
  const size = Number(partial ? total : response.headers["content-length"]);
  if (size > descriptor.size) {
    throw new PermanentError("digest-mismatch", `${what} is longer than ${descriptor.size} bytes`);
  }
  if (size < descriptor.size) throw truncated(what, String(size), descriptor);
  return partial ? 0 : offset;
}

function truncated(what: string, size: string, descriptor: Descriptor): PermanentError {
  return new PermanentError("truncated-layer", `${what} has ${size} of ${descriptor.size} bytes`);
}

function checkConfigurationSize(descriptor: Descriptor): void {
  if (descriptor.size <= limits.configBytes) return;
  throw new PermanentError("manifest-too-large", `the configuration is over ${limits.configBytes} bytes`);
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  onBytes: SourceOptions["onBytes"],
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}
