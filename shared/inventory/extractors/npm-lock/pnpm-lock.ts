/**
 * Lock files of pnpm, versions 5 to 9: https://github.com/pnpm/spec/tree/master/lockfile. Packages are keyed by name
 * and version, and by the peers they were resolved with: `/a/1.0.0_b@2.0.0` (5), `/a@1.0.0(b@2.0.0)` (6), `a@1.0.0` (9).
 */
import { brokenDocument, isTrue, member, membersOf } from "../../documents/value.ts";
import { parseYaml } from "../../documents/yaml.ts";
import type { Lock, LockFormat } from "../../lock-file.ts";

export const pnpmLock: LockFormat = {
  wants: { basenames: ["pnpm-lock.yaml"] },
  read(content, lock) {
    // Newer clients put a document about themselves before that of the project.
    const documents = parseYaml(content).filter((one) => member(one, "lockfileVersion") !== undefined);
    if (documents.length === 0) throw brokenDocument("no lock file of pnpm");
    for (const document of documents) readDocument(document, lock);
  },
};

function readDocument(document: unknown, lock: Lock): void {
  const needs = member(document, "snapshots") === undefined ? undefined : needsOf(document);
  for (const [key, one] of membersOf(member(document, "packages"))) {
    const { name, version } = identityOf(key);
    const flags =
      needs === undefined
        ? { development: isTrue(member(one, "dev")), optional: isTrue(member(one, "optional")) }
        : { development: !needs.production.has(withoutPeers(key)), optional: !needs.required.has(withoutPeers(key)) };
    // Packages from repositories and addresses say both themselves.
    if (isLocal(one, key)) continue;
    lock.add({ name: member(one, "name") ?? name, version: member(one, "version") ?? version, ...flags });
  }
}

function isLocal(one: unknown, key: string): boolean {
  return member(member(one, "resolution"), "type") === "directory" || /^(link|file):|@(link|file):/.test(key);
}

/** The version is absent where an address stands in its place. */
function identityOf(key: string): { name: string; version?: string } {
  const bare = withoutPeers(key);
  const at = bare.indexOf("@", 1);
  const slash = bare.lastIndexOf("/");
  if (at > slash && !isVersion(bare.slice(slash + 1))) return named(bare.slice(0, at), bare.slice(at + 1));
  if (at > 0 && at < slash) return { name: bare.slice(0, at) };
  // Version 5; with the registry in front where it is not the usual one: `registry.example/a/1.0.0`.
  const name = bare.slice(0, Math.max(0, slash)).replace(/^[^@/]+\.[^@/]+\/(?=[^/])/, "");
  return named(name, bare.slice(slash + 1).replace(/_.*$/, ""));
}

function named(name: string, version: string): { name: string; version?: string } {
  return { name, ...(isVersion(version) && { version }) };
}

function isVersion(value: string): boolean {
  return /^\d+\.\d+\.\d+/.test(value);
}

/** Without the leading slash of versions 5 and 6. */
function withoutPeers(key: string): string {
  const peers = key.indexOf("(");
  return (peers < 0 ? key : key.slice(0, peers)).replace(/^\//, "");
}

/**
 * Version 9 leaves it to the reader to find out who needs a package: from the projects' dependencies along the
 * snapshots. `production`: those that more than development needs; `required`: those not only optionally.
 */
function needsOf(document: unknown): { production: ReadonlySet<string>; required: ReadonlySet<string> } {
  const snapshots = new Map(membersOf(member(document, "snapshots")));
  const projects = membersOf(member(document, "importers")).map(([, project]) => project);
  const production = reach(
    projects,
    snapshots,
    ["dependencies", "optionalDependencies"],
    ["dependencies", "optionalDependencies"],
  );
  const required = reach(projects, snapshots, ["dependencies", "devDependencies"], ["dependencies"]);
  return { production, required };
}

function reach(
  projects: readonly unknown[],
  snapshots: ReadonlyMap<string, unknown>,
  first: readonly string[],
  further: readonly string[],
): ReadonlySet<string> {
  const seen = new Set<string>();
  const pending: string[] = [];
  function visit(holder: unknown, kinds: readonly string[]): void {
    for (const [name, stated] of kinds.flatMap((kind) => membersOf(member(holder, kind)))) {
      const version = member(stated, "version") ?? stated;
      if (typeof version !== "string") continue;
      // An alias says the whole key.
      const key = snapshots.has(`${name}@${version}`) ? `${name}@${version}` : version;
      if (seen.has(key)) continue;
      seen.add(key);
      pending.push(key);
    }
  }
  for (const project of projects) visit(project, first);
  for (let key = pending.pop(); key !== undefined; key = pending.pop()) visit(snapshots.get(key), further);
  return new Set([...seen].map(withoutPeers));
}
