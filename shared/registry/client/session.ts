/** Requests to one repository of a registry, signed in when asked to. */
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { PermanentError } from "../../platform/errors.ts";
import type { SourceOptions } from "../source-options.ts";
import type { ImageReference } from "../types.ts";
import { authorizer } from "./authorization.ts";
import { discard, type HttpOptions, send } from "./http.ts";
import { networkPolicy } from "./policy.ts";
import { defaultTiming, type Timing } from "./timing.ts";

export interface Session {
  readonly registry: string;
  readonly timing: Timing;
  /**
   * A GET below `/v2/<repository>/`. The body of the answer, whatever its status, must be read or destroyed.
   * @throws PermanentError `registry-not-allowed`, `registry-forbidden`; TransientError
   */
  get(path: string, headers: OutgoingHttpHeaders): Promise<IncomingMessage>;
}

/** @throws PermanentError `registry-not-allowed`, `bad-reference` */
export function openSession(reference: ImageReference, options: SourceOptions): Session {
  const { registry, repository } = reference;
  const policy = networkPolicy(options.settings);
  policy.checkRegistry(registry);
  const timing = { ...defaultTiming, ...options.timing };
  const http: HttpOptions = { policy, timing, registry };
  const auth = authorizer(options.credentials, http);
  const base = baseUrl(reference, policy.schemeOf(registry));
  const scope = `repository:${repository}:pull`;
  return {
    registry,
    timing,
    get: async (path, headers) => {
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
    },
  };
}

function baseUrl({ registry, repository }: ImageReference, scheme: "http:" | "https:"): URL {
  // Docker Hub's API has another name than its images.
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
  const text = `${scheme}//${host}/v2/${repository}/`;
  if (!URL.canParse(text))
    throw new PermanentError("bad-reference", `not an image name: "${host}" is no registry host`);
  return new URL(text);
}
