/**
 * The credentials of the Docker command line: `config.json` with its `auths`, `credHelpers` and `credsStore`
 * (https://docs.docker.com/reference/cli/docker/login/#credential-stores).
 */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { messageOf, PermanentError } from "../../platform/errors.ts";
import type { Log } from "../../platform/ports.ts";
import type { CredentialSource, Credentials } from "../types.ts";
import { askHelper } from "./helper.ts";
import { credentialsOf } from "./token-user.ts";

const configBytes = 1024 * 1024;
const helperName = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, "is no name of a credential helper");
const authEntry = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});
const configSchema = z.object({
  auths: z.record(z.string(), authEntry).nullish(),
  credsStore: z.union([z.literal(""), helperName]).nullish(),
  credHelpers: z.record(z.string(), helperName).nullish(),
});
type DockerConfig = z.infer<typeof configSchema>;

export interface DockerConfigOptions {
  /** Told when a helper fails; the registry is then asked anonymously, as most of its images may be public. */
  readonly log?: Log;
  /** Default 10,000. */
  readonly helperMilliseconds?: number;
}

/**
 * Credentials from `config.json` in this directory; none when there is no such file. The file is read again for every
 * registry, because people sign in while the program runs.
 * @throws PermanentError `docker-config-invalid`
 */
export function dockerConfigCredentials(configDirectory: string, options: DockerConfigOptions = {}): CredentialSource {
  return async (registry) => {
    const config = await readConfig(join(configDirectory, "config.json"));
    if (config === undefined) return undefined;
    const keys = keysOf(registry);
    const helper = firstIn(config.credHelpers ?? {}, keys) ?? { key: serverOf(registry), value: config.credsStore };
    if (helper.value) {
      const found = await fromHelper(helper.value, helper.key, options);
      if (found !== undefined) return found;
    }
    const entry = firstIn(config.auths ?? {}, keys);
    return entry === undefined ? undefined : fromEntry(entry.value);
  };
}

async function readConfig(path: string): Promise<DockerConfig | undefined> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) return undefined;
  if (!status.isFile() || status.size > configBytes) throw invalid(path, `it is over ${configBytes} bytes or no file`);
  let raw: unknown;
  try {
    raw = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    // The parser's message can repeat a piece of the file, which may be a secret.
    throw invalid(path, error instanceof SyntaxError ? "it is not JSON" : messageOf(error));
  }
  const parsed = configSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw invalid(path, `${parsed.error.issues[0]?.path[0]?.toString() ?? "it"} is malformed`);
}

function invalid(path: string, why: string): PermanentError {
  return new PermanentError("docker-config-invalid", `${path} cannot be used: ${why}`);
}

/** Docker Hub is known under the address of its first index. */
function serverOf(registry: string): string {
  return registry === "docker.io" ? "https://index.docker.io/v1/" : registry;
}

/** The spellings under which tools have stored a registry. */
function keysOf(registry: string): readonly string[] {
  const hosts = registry === "docker.io" ? ["index.docker.io", "docker.io", "registry-1.docker.io"] : [registry];
  const spelled = hosts.flatMap((host) => [host, `https://${host}`, `http://${host}`]);
  return [serverOf(registry), ...spelled.flatMap((key) => [key, `${key}/`, `${key}/v1/`, `${key}/v2/`])];
}

function firstIn<Value>(
  record: Readonly<Record<string, Value>>,
  keys: readonly string[],
): { readonly key: string; readonly value: Value } | undefined {
  const key = keys.find((one) => Object.hasOwn(record, one));
  const value = key === undefined ? undefined : record[key];
  return key === undefined || value === undefined ? undefined : { key, value };
}

async function fromHelper(
  helper: string,
  server: string,
  { log, helperMilliseconds }: DockerConfigOptions,
): Promise<Credentials | undefined> {
  try {
    return await askHelper(helper, server, helperMilliseconds ?? 10_000);
  } catch (error) {
    log?.warn("credential helper failed, going on without it", { helper, reason: messageOf(error) });
    return undefined;
  }
}

function fromEntry(entry: z.infer<typeof authEntry>): Credentials | undefined {
  if (entry.registrytoken) return { kind: "bearer", token: entry.registrytoken };
  if (entry.identitytoken) return { kind: "refresh", token: entry.identitytoken };
  if (entry.username && entry.password) return credentialsOf(entry.username, entry.password);
  const decoded = Buffer.from(entry.auth ?? "", "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  // Docker itself has padded the password with zero bytes.
  return colon < 1 ? undefined : credentialsOf(decoded.slice(0, colon), decoded.slice(colon + 1).replace(/\0+$/, ""));
}
