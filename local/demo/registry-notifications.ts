/**
 * The notifications of Docker Distribution, as the in-process registry sends them:
 * https://distribution.github.io/distribution/about/notifications/
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

export interface NotificationTarget {
  readonly url: string;
  /** Sent with every delivery, e.g. `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Tries of one delivery before it is given up. Default 10, half a second apart. */
  readonly tries?: number;
}

export interface RegistryAction {
  readonly action: string;
  readonly repository: string;
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly tag?: string;
  readonly actor?: string;
}

export interface Notifier {
  send(action: RegistryAction): void;
  settled(): Promise<void>;
  close(): void;
}

/** Delivers one after another, in order, and tries again until the receiver says 2xx. */
export function notifier(target: NotificationTarget | undefined, address: string): Notifier {
  const stop = new AbortController();
  let tail: Promise<void> = Promise.resolve();
  return {
    send: (action) => {
      if (target === undefined) return;
      const body = JSON.stringify({ events: [eventOf(action, address)] });
      tail = tail.then(() => deliver(target, body, stop.signal));
    },
    settled: () => tail,
    close: () => stop.abort(),
  };
}

async function deliver(target: NotificationTarget, body: string, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; attempt < (target.tries ?? 10) && !signal.aborted; attempt++) {
    try {
      const headers = { ...target.headers, "content-type": "application/vnd.docker.distribution.events.v1+json" };
      const response = await fetch(target.url, { method: "POST", headers, body, signal });
      await response.body?.cancel();
      if (response.ok) return;
    } catch {
      // The receiver may not listen yet: the same as an answer that is not 2xx.
    }
    await sleep(500, undefined, { signal }).catch(() => undefined);
  }
}

function eventOf(action: RegistryAction, address: string): object {
  return {
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    action: action.action,
    target: {
      mediaType: action.mediaType,
      size: action.size,
      digest: action.digest,
      length: action.size,
      repository: action.repository,
      url: `http://${address}/v2/${action.repository}/manifests/${action.digest}`,
      ...(action.tag === undefined ? {} : { tag: action.tag }),
    },
    request: { id: randomUUID(), addr: "127.0.0.1:0", host: address, method: "PUT", useragent: "portwarden-demo" },
    actor: action.actor === undefined ? {} : { name: action.actor },
    source: { addr: address, instanceID: "portwarden-demo" },
  };
}
