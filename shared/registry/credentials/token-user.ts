import type { Credentials } from "../types.ts";

/** Docker's convention: under the user name `<token>` the password is an OAuth2 refresh token. */
export function credentialsOf(username: string, password: string): Credentials {
  return username === "<token>" ? { kind: "refresh", token: password } : { kind: "basic", username, password };
}
