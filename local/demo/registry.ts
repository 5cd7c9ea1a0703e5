/**
 * A small registry in this process, in memory: OCI Distribution 1.1 pull and push (monolithic and chunked), ranges,
 * optional basic or bearer authentication, and the notifications of Docker Distribution. For the demo and for tests;
 * `skopeo` and Docker can push to it too.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { BuiltImage, BuiltIndex } from "./build-image.ts";
import { announce, answer, type Exchange, type RegistryState, readExchange } from "./registry-api.ts";
import { gatekeeper, type RegistryAuth } from "./registry-auth.ts";
import { type NotificationTarget, notifier } from "./registry-notifications.ts";
import { memoryStore, type StoredBlob } from "./registry-store.ts";

export type { Exchange } from "./registry-api.ts";

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

export interface Registry {
  /** `host:port`, as it stands in image references. */
  readonly address: string;
  readonly url: string;
  /** Stores an image or index, and notifies; returns the reference by digest. The tag may be absent. */
  push(image: BuiltImage | BuiltIndex, repository: string, tag?: string): Promise<string>;
  /** Stores any manifest bytes under a tag or their digest, without looking at them. */
  putManifest(repository: string, reference: string, stored: StoredBlob): void;
  /** @returns its digest */
  putBlob(bytes: Buffer): string;
  /** Resolves once every notification was accepted or given up. */
  notified(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the registry; it listens when the promise resolves. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const server = createServer();
  const address = await listen(server, options.port ?? 0, options.host ?? "127.0.0.1");
  const url = `http://${address}`;
  const store = memoryStore();
  const notify = notifier(options.notifications, address);
  const state: RegistryState = { store, uploads: new Map(), gate: gatekeeper(options.auth, url), notify };
  server.on("request", (request, response) => {
    const serve = async () => {
      response.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
      const exchange = readExchange(request, response, store);
      if ((await options.intercept?.(exchange)) !== true) await answer(exchange, state);
    };
    serve().catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500).end(String(error));
      else response.destroy();
    });
  });
  return {
    address,
    url,
    push: (image, repository, tag) => {
      pushTo(state, image, repository, tag ?? image.manifest.digest);
      return Promise.resolve(`${address}/${repository}@${image.manifest.digest}`);
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

function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      const bound = server.address() as AddressInfo;
      resolve(bound.family === "IPv6" ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`);
    });
  });
}

/** Like a push over HTTP: for an index its images first, each with a notification of its own. */
function pushTo(state: RegistryState, image: BuiltImage | BuiltIndex, repository: string, reference: string): void {
  const { store, notify } = state;
  for (const one of image.kind === "index" ? image.images : [image]) {
    const { digest } = one.manifest;
    for (const stored of [one.config, ...one.layers]) store.putBlob(stored.bytes);
    store.putManifest(repository, digest, one.manifest);
    if (image.kind === "index") announce(notify, "push", { repository, reference: digest }, one.manifest);
  }
  store.putManifest(repository, reference, image.manifest);
  announce(notify, "push", { repository, reference }, image.manifest);
}
