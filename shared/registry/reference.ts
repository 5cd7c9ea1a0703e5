/**
 * Image names as people write them, by the grammar of Docker's reference package:
 * `[host[:port]/]path[:tag][@digest]`. A name without a host is Docker Hub's, one without a slash is in `library/`.
 */
import { PermanentError } from "../platform/errors.ts";
import { parseDigest } from "./digest.ts";
import type { ImageReference } from "./types.ts";

/** Longer than any legal name: host 255, path 255, tag 128, digest 135, and separators. */
const longestReference = 1024;
const pathPattern = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const hostPattern = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;
const ipv6Pattern = /^\[[0-9A-Fa-f:.]{2,45}\]$/;

/**
 * Parses a name. Without tag and digest the tag is `latest`; hosts become lower case.
 * @throws PermanentError `bad-reference`
 */
export function parseReference(text: string): ImageReference {
  if (text.length > longestReference) throw bad("it is too long");
  if (text.includes("://")) throw bad(`"${text}" has a scheme; write it without`);
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && parseDigest(digest) === undefined) throw bad(`"${digest}" is no digest`);
  const name = at < 0 ? text : text.slice(0, at);
  const { host, rest } = splitHost(name);
  const colon = rest.lastIndexOf(":");
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  if (tag !== undefined && !tagPattern.test(tag)) throw bad(`"${tag}" is no tag`);
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const registry = host === undefined ? "docker.io" : registryHost(host);
  const repository = registry === "docker.io" && !path.includes("/") ? `library/${path}` : path;
  if (repository.length > 255 || !pathPattern.test(path)) throw bad(`"${path}" is no repository name`);
  return {
    registry,
    repository,
    ...(tag === undefined ? (digest === undefined ? { tag: "latest" } : {}) : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The full form, which parses to the same reference: `docker.io/library/alpine:3.20`. */
export function formatReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

/** The first part is a host when it has a dot or a port, or is `localhost`. */
function splitHost(name: string): { readonly host?: string; readonly rest: string } {
  const slash = name.indexOf("/");
  if (slash < 0) return { rest: name };
  const first = name.slice(0, slash);
  const isHost = first === "localhost" || /[.:[]/.test(first);
  return isHost ? { host: first, rest: name.slice(slash + 1) } : { rest: name };
}

function registryHost(text: string): string {
  const port = /:(\d{1,5})$/.exec(text)?.[1];
  const host = port === undefined ? text : text.slice(0, -port.length - 1);
  const legal = host.length <= 255 && (hostPattern.test(host) || ipv6Pattern.test(host));
  if (!legal || (port !== undefined && (Number(port) === 0 || Number(port) > 65535))) {
    throw bad(`"${text}" is no registry host`);
  }
  const lower = text.toLowerCase();
  return lower === "index.docker.io" || lower === "registry-1.docker.io" ? "docker.io" : lower;
}

function bad(why: string): PermanentError {
  return new PermanentError("bad-reference", `not an image name: ${why}`);
}
