/** The embedded host in this process, on a data directory of its own and a free port. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HostOptions, type RunningHost, startHost } from "../../local/host.ts";
import { localToken } from "../../local/token.ts";
import { embeddedMetrics } from "../../shared/platform/embedded/metrics.ts";
import { embeddedSecrets } from "../../shared/platform/embedded/secrets.ts";
import type { Clock, Log, LogFields, Mail } from "../../shared/platform/ports.ts";
import { type SettingsInput, settingsSchema } from "../../shared/platform/settings.ts";

export interface TestHost extends RunningHost {
  readonly data: string;
  readonly token: string;
  readonly mails: readonly Mail[];
  /** What was logged: `level message`, with its fields. */
  readonly logged: readonly { readonly line: string; readonly fields: LogFields }[];
  /** Asks the API with the token. */
  ask(path: string, init?: Omit<RequestInit, "headers">): Promise<Response>;
  /**
   * Resolves once nothing waits in any queue, nothing is in hand, and the outbox is empty. `heldBack: "ignored"`: what
   * is not due yet (a push without a tag waits ten seconds) does not count.
   */
  idle(options?: { readonly heldBack: "counted" | "ignored" }): Promise<void>;
}

export interface TestHostOptions {
  /** Default: a new one, which `removeDirectory` takes away. */
  readonly data?: string;
  readonly settings?: SettingsInput;
  readonly clock?: Clock;
  readonly ports?: Partial<HostOptions["ports"]>;
  readonly port?: number;
  readonly schedules?: boolean;
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), "portwarden-host-"));
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

export async function startTestHost(options: TestHostOptions = {}): Promise<TestHost> {
  const data = options.data ?? temporaryDirectory();
  const mails: Mail[] = [];
  const logged: { line: string; fields: LogFields }[] = [];
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void logged.push({ line: `${level} ${message}`, fields });
  const log: Log = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
  const { token } = localToken(data);
  const host = await startHost({
    dataDirectory: data,
    host: "127.0.0.1",
    port: options.port ?? 0,
    token,
    schedules: options.schedules ?? false,
    ports: {
      clock: options.clock ?? { now: () => Date.now() },
      log,
      secrets: embeddedSecrets(data, { distribution: "hook-secret" }),
      settings: settingsSchema.parse({
        intake: { distribution: { secrets: ["distribution"] } },
        ...options.settings,
        registries: { allowPrivate: ["127.0.0.1"], ...options.settings?.registries },
      }),
      metrics: embeddedMetrics(),
      progress: { report: () => undefined },
      mailer: {
        send: async (mail) => {
          mails.push(mail);
        },
      },
      credentials: () => Promise.resolve(undefined),
      ecs: { clusters: async () => [], read: async () => Promise.reject(new Error("no cluster here")) },
      ...options.ports,
    },
  });
  return {
    ...host,
    data,
    token,
    mails,
    logged,
    ask: (path, init = {}) => fetch(`${host.url}${path}`, { ...init, headers: { authorization: `Bearer ${token}` } }),
    async idle({ heldBack } = { heldBack: "counted" }) {
      for (let quiet = 0; quiet < 2; ) {
        const status = await host.platform.queues.status();
        const busy = status.some(
          ({ waiting, inFlight, delayed }) => waiting + inFlight + (heldBack === "counted" ? delayed : 0) > 0,
        );
        // An event between the outbox and its queue is in neither for a moment.
        quiet = busy ? 0 : quiet + 1;
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    },
  };
}
