/** What the settings allow: which registries, over which scheme, and into which networks. */
import { PermanentError } from "../../platform/errors.ts";
import type { RegistrySettings } from "../settings.ts";
import { addressKind } from "./addresses.ts";

export interface NetworkPolicy {
  /** @throws PermanentError `registry-not-allowed` */
  checkRegistry(registry: string): void;
  /** The scheme that a registry is spoken to with. */
  schemeOf(registry: string): "https:" | "http:";
  /** Whether this host (`host` or `host:port`) may be, or lead into, a private network. */
  mayBePrivate(host: string): boolean;
}

export function networkPolicy(settings: Pick<RegistrySettings, "allow" | "insecure" | "allowPrivate">): NetworkPolicy {
  const mayBePrivate = hostMatcher(settings.allowPrivate);
  const insecure = hostMatcher(settings.insecure);
  const allowed = settings.allow.length === 0 ? () => true : hostMatcher(settings.allow);
  return {
    checkRegistry: (registry) => {
      if (allowed(registry)) return;
      throw new PermanentError("registry-not-allowed", `the settings do not allow the registry ${registry}`);
    },
    schemeOf: (registry) => {
      const plain = insecure(registry) || (isLoopback(registry) && mayBePrivate(registry));
      return plain ? "http:" : "https:";
    },
    mayBePrivate,
  };
}

/** Matches globs against `host:port` and, when a glob names no port, against the host alone. Case does not matter. */
export function hostMatcher(globs: readonly string[]): (host: string) => boolean {
  const matchers = globs.map((glob) => {
    const match = starMatcher(glob.toLowerCase());
    const namesPort = /:(?:\d+|\*)$/.test(glob.replace(/^\[[^\]]*\]/, ""));
    return (host: string) => match(host) || (!namesPort && match(hostnameOf(host)));
  });
  return (host) => {
    const lower = host.toLowerCase();
    return lower.length <= 300 && matchers.some((match) => match(lower));
  };
}

/** `*` stands for any characters, the rest for itself: brackets belong to IPv6 literals. Linear, whatever the glob. */
function starMatcher(glob: string): (text: string) => boolean {
  const parts = glob.split("*");
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  return (text) => {
    if (last === undefined) return text === first;
    if (!text.startsWith(first)) return false;
    let at = first.length;
    for (const part of rest) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return text.length - last.length >= at && text.endsWith(last);
  };
}

/** The host without its port; IPv6 literals keep their brackets. */
export function hostnameOf(host: string): string {
  return host.replace(/:\d+$/, "");
}

function isLoopback(registry: string): boolean {
  const host = hostnameOf(registry);
  if (host === "localhost" || host === "[::1]") return true;
  return /^127\.\d+\.\d+\.\d+$/.test(host) && addressKind(host) === "private";
}
