/** The ports of the embedded platform that reach outside: credentials, mail, clouds. */
import { homedir } from "node:os";
import { join } from "node:path";
import { terminalProgress } from "../cli/terminal.ts";
import type { EcsReader } from "../shared/clouds/types.ts";
import { smtpMailer } from "../shared/platform/embedded/mailer.ts";
import { embeddedMetrics } from "../shared/platform/embedded/metrics.ts";
import { PermanentError } from "../shared/platform/errors.ts";
import type { Log, Mailer, Secrets } from "../shared/platform/ports.ts";
import type { Settings } from "../shared/platform/settings.ts";
import { dockerConfigCredentials } from "../shared/registry/credentials/docker-config.ts";
import { firstOf } from "../shared/registry/credentials/first-of.ts";
import { settingsCredentials } from "../shared/registry/credentials/settings.ts";
import type { CredentialSource } from "../shared/registry/types.ts";
import type { HostOptions } from "./host.ts";

export interface LocalPortsInput {
  readonly settings: Settings;
  readonly smtpUrl?: string;
  readonly log: Log;
  readonly secrets: Secrets;
}

/** Everything the host does not make itself; SDKs are loaded only when a cloud is asked. */
export function localPorts(input: LocalPortsInput): HostOptions["ports"] {
  return {
    clock: { now: () => Date.now() },
    log: input.log,
    secrets: input.secrets,
    settings: input.settings,
    metrics: embeddedMetrics(),
    progress: terminalProgress(),
    mailer: input.smtpUrl === undefined ? noMailer : smtpMailer(input.smtpUrl),
    credentials: localCredentials(input),
    ecs: lazyEcs(),
  };
}

const noMailer: Mailer = {
  async send() {
    throw new PermanentError("mail-not-set-up", "no mail server is set: start with PORTWARDEN_SMTP_URL");
  },
};

function localCredentials({ settings, secrets, log }: LocalPortsInput): CredentialSource {
  const configured = process.env["DOCKER_CONFIG"];
  // Loaded when a registry asks for it, and kept: it remembers tokens until they expire.
  let made: Promise<CredentialSource> | undefined;
  const cloud: CredentialSource = async (registry) => {
    made ??= import("../shared/clouds/credentials.ts").then(({ cloudCredentials }) =>
      cloudCredentials(settings.registries, { log }),
    );
    return (await made)(registry);
  };
  return firstOf(
    settingsCredentials(settings.registries, secrets),
    dockerConfigCredentials(configured ?? join(homedir(), ".docker"), { log }),
    cloud,
  );
}

function lazyEcs(): EcsReader {
  const reader = async () => (await import("../shared/clouds/aws/ecs.ts")).ecsReader();
  return {
    clusters: async (region) => (await reader()).clusters(region),
    read: async (region, cluster) => (await reader()).read(region, cluster),
  };
}
