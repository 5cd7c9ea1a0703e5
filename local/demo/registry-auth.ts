/** How the in-process registry authenticates: not at all, by basic authentication, or by bearer tokens that it issues. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { Route } from "./registry-api.ts";

export type RegistryAuth =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  /** Docker's token protocol: https://distribution.github.io/distribution/spec/auth/token/ */
  | {
      readonly kind: "bearer";
      /** Absent: anyone may have a token to pull. */
      readonly username?: string;
      readonly password?: string;
      /** Accepted by the OAuth2 form of the token request. */
      readonly refreshToken?: string;
      /** Default 300. */
      readonly expiresInSeconds?: number;
    };

export interface Gatekeeper {
  /** Answers 401 itself when it does not. */
  allows(request: IncomingMessage, response: ServerResponse, route: Route): boolean;
  token(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void>;
  user(request: IncomingMessage): string | undefined;
}

const service = "demo-registry";

export function gatekeeper(auth: RegistryAuth | undefined, url: string): Gatekeeper {
  const tokens = new Map<string, { readonly scope: string; readonly expiresAt: number; readonly user?: string }>();
  const tokenOf = (request: IncomingMessage) =>
    tokens.get(/^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "");
  return {
    allows: (request, response, route) => {
      if (auth === undefined) return true;
      if (auth.kind === "basic") {
        if (request.headers.authorization === basic(auth.username, auth.password)) return true;
        return deny(response, 'Basic realm="demo"');
      }
      const scope = scopeOf(request, route);
      const issued = tokenOf(request);
      if (issued !== undefined && issued.expiresAt > Date.now() && covers(issued.scope, scope)) return true;
      const wanted = scope === "" ? "" : `,scope="${scope}"`;
      return deny(response, `Bearer realm="${url}/token",service="${service}"${wanted}`);
    },
    token: async (request, response, query) => {
      if (auth?.kind !== "bearer") return void response.writeHead(404).end();
      const form = request.method === "POST" ? new URLSearchParams(await text(request)) : query;
      if (!mayHaveToken(auth, request, form)) return void response.writeHead(401).end();
      const token = randomUUID();
      const seconds = auth.expiresInSeconds ?? 300;
      const scope = form.getAll("scope").join(" ");
      const user = basicUser(request);
      tokens.set(token, { scope, expiresAt: Date.now() + seconds * 1000, ...(user === undefined ? {} : { user }) });
      response.writeHead(200, { "Content-Type": "application/json" });
      response.end(JSON.stringify({ token, access_token: token, expires_in: seconds }));
    },
    user: (request) => basicUser(request) ?? tokenOf(request)?.user,
  };
}

function mayHaveToken(
  auth: Extract<RegistryAuth, { kind: "bearer" }>,
  request: IncomingMessage,
  form: URLSearchParams,
): boolean {
  if (form.get("grant_type") === "refresh_token") {
    return auth.refreshToken !== undefined && form.get("refresh_token") === auth.refreshToken;
  }
  if (auth.username === undefined) return true;
  return request.headers.authorization === basic(auth.username, auth.password ?? "");
}

function scopeOf(request: IncomingMessage, route: Route): string {
  if (!("repository" in route)) return "";
  const action = request.method === "GET" || request.method === "HEAD" ? "pull" : "pull,push";
  return `repository:${route.repository}:${action}`;
}

function covers(granted: string, wanted: string): boolean {
  if (wanted === "") return true;
  const [, name, actions] = /^repository:(.+):(.+)$/.exec(wanted) ?? [];
  return granted.split(" ").some((one) => {
    const [, grantedName, grantedActions] = /^repository:(.+):(.+)$/.exec(one) ?? [];
    return grantedName === name && (actions ?? "").split(",").every((a) => grantedActions?.split(",").includes(a));
  });
}

function basicUser(request: IncomingMessage): string | undefined {
  const encoded = /^Basic (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString().split(":")[0];
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function deny(response: ServerResponse, challenge: string): false {
  response.writeHead(401, { "WWW-Authenticate": challenge, "Content-Type": "application/json" });
  response.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
  return false;
}
