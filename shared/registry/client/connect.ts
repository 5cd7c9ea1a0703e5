/**
 * Connections to registries. Every address is judged where the connection is made: in the resolver's answer that the
 * socket then uses, so that a name which resolves to another address the second time (DNS rebinding) gains nothing.
 */
import { type LookupAddress, type LookupOptions, lookup } from "node:dns";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { PermanentError } from "../../platform/errors.ts";
import { addressKind } from "./addresses.ts";

/** Whether the connection may go to private addresses; metadata addresses are never reached. */
export type Reach = "public" | "private";

const options = { keepAlive: true, maxSockets: 32, maxFreeSockets: 8, timeout: 60_000 } as const;

/** One pool of kept connections for each reach: a connection made under one rule is never reused under the other. */
const agents = {
  "http:": { public: new HttpAgent(guarded("public")), private: new HttpAgent(guarded("private")) },
  "https:": { public: new HttpsAgent(guarded("public")), private: new HttpsAgent(guarded("private")) },
} as const;

export function agentFor(scheme: "http:" | "https:", reach: Reach): HttpAgent {
  return agents[scheme][reach];
}

/**
 * Judges a host that is an address already; those are never looked up.
 * @param hostname as `URL` gives it: canonical, IPv6 in brackets
 * @throws PermanentError `registry-not-allowed`
 */
export function checkLiteral(hostname: string, reach: Reach): void {
  const address = hostname.replace(/^\[|\]$/g, "");
  if (isIP(address) !== 0 && !isReachable(address, reach)) throw notAllowed(hostname);
}

function isReachable(address: string, reach: Reach): boolean {
  const kind = addressKind(address);
  return kind === "public" || (kind === "private" && reach === "private");
}

function guarded(reach: Reach) {
  return { ...options, lookup: guardedLookup(reach) };
}

/** A resolver that gives only the addresses that may be reached. */
export function guardedLookup(reach: Reach, resolve: typeof lookup = lookup): LookupFunction {
  return (hostname: string, wanted: LookupOptions, done) => {
    resolve(hostname, { ...wanted, all: true }, (error, found: LookupAddress[]) => {
      const reachable = error === null ? found.filter((one) => isReachable(one.address, reach)) : [];
      const [first] = reachable;
      if (first === undefined) done(error ?? notAllowed(hostname), "", 0);
      else if (wanted.all === true) done(null, reachable);
      else done(null, first.address, first.family);
    });
  };
}

function notAllowed(host: string): PermanentError {
  return new PermanentError("registry-not-allowed", `${host} is in a private network, which the settings do not allow`);
}
