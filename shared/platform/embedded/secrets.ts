/** The `Secrets` port on files that only their owner can read. */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PermanentError } from "../errors.ts";
import type { Secrets } from "../ports.ts";
import { checkSecretName } from "../validation.ts";

export interface EmbeddedSecrets extends Secrets {
  /** Stores a secret for later processes too. */
  set(name: string, value: string): Promise<void>;
}

const mostBytes = 65_536;
const others = 0o077;

interface Cached {
  /** What changes when the file does. */
  readonly mark: string;
  readonly value: string;
}

/**
 * Secrets in `<directory>/secrets/<name>`, mode 0600; `given` values (of the command line) come before files. A file's
 * last newline is not part of the secret, so that `echo` and editors can write it. Throws `PermanentError`:
 * `secret-missing`, `bad-secret-name`, `secret-exposed` (group or others may touch the file), `secret-too-large`.
 */
export function embeddedSecrets(directory: string, given: Readonly<Record<string, string>> = {}): EmbeddedSecrets {
  const folder = join(directory, "secrets");
  const cache = new Map<string, Cached>();

  async function fromFile(name: string): Promise<string> {
    const path = join(folder, name);
    const details = await stat(path).catch(() => undefined);
    if (details === undefined || !details.isFile()) {
      throw new PermanentError("secret-missing", `there is no secret ${name}: write it to ${path} (mode 0600)`);
    }
    if ((details.mode & others) !== 0) {
      throw new PermanentError("secret-exposed", `others than its owner may read or write ${path}: chmod 600 ${path}`);
    }
    if (details.size > mostBytes) throw new PermanentError("secret-too-large", `${path} is over ${mostBytes} bytes`);
    const mark = `${details.ino} ${details.mtimeMs} ${details.size}`;
    const known = cache.get(name);
    if (known?.mark === mark) return known.value;
    const value = (await readFile(path, "utf8")).replace(/\r?\n$/, "");
    cache.set(name, { mark, value });
    return value;
  }

  return {
    async get(name) {
      checkSecretName(name);
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      return value ?? (await fromFile(name));
    },
    async set(name, value) {
      checkSecretName(name);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const temporary = join(folder, `.${randomUUID()}`);
      try {
        await writeFile(temporary, `${value}\n`, { flag: "wx", mode: 0o600 });
        await rename(temporary, join(folder, name));
      } catch (thrown) {
        await rm(temporary, { force: true });
        throw thrown;
      }
    },
  };
}
