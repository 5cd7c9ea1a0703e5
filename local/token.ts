import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PermanentError } from "../shared/platform/errors.ts";

/** The file that holds the API's token, readable by its owner only. */
export function tokenPath(dataDirectory: string): string {
  return join(dataDirectory, "token");
}

/** The token of this data directory, made on the first call (`created`: show it once). */
export function localToken(dataDirectory: string): { readonly token: string; readonly created: boolean } {
  const path = tokenPath(dataDirectory);
  if (existsSync(path)) {
    const token = readFileSync(path, "utf8").trim();
    if (token.length < 20)
      throw new PermanentError("bad-token-file", `${path} holds no token; remove it to get a new one`);
    chmodSync(path, 0o600);
    return { token, created: false };
  }
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const token = `pw_${randomBytes(24).toString("base64url")}`;
  writeFileSync(path, `${token}\n`, { mode: 0o600 });
  return { token, created: true };
}
