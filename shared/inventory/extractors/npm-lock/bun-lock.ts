/**
 * Bun's lock file, as text: https://bun.com/docs/pm/lockfile. `packages` maps places to lists that begin with
 * `name@version`. The older binary form is not read.
 */

import { PermanentError } from "../../../platform/errors.ts";
import { limits } from "../../../platform/limits.ts";
import { parseJsonWithComments } from "../../documents/json.ts";
import { brokenDocument, itemsOf, member, membersOf } from "../../documents/value.ts";
import { unsupportedFormat } from "../../fields.ts";
import type { LockFormat } from "../../lock-file.ts";

export const bunLock: LockFormat = {
  wants: { basenames: ["bun.lock", "bun.lockb"] },
  read(content, lock) {
    if (lock.path.endsWith(".lockb")) {
      const advice = "`bun install --save-text-lockfile` writes bun.lock, which is";
      throw new PermanentError(unsupportedFormat, `the binary form of Bun's lock file is not read: ${advice}`);
    }
    const root = parseJsonWithComments(content);
    if (member(root, "lockfileVersion") === undefined) throw brokenDocument("no lock file of Bun");
    const production = neededOutsideDevelopment(root);
    for (const [place, one] of membersOf(member(root, "packages"))) {
      const [identity] = itemsOf(one);
      if (typeof identity !== "string") {
        lock.add({ name: undefined });
        continue;
      }
      const at = identity.indexOf("@", 1);
      const version = identity.slice(at + 1);
      if (at < 0 || /^(workspace|link|file|root):/.test(version)) continue;
      const isVersion = /^\d/.test(version);
      lock.add({
        name: identity.slice(0, at),
        ...(isVersion && { version }),
        development: !production.has(place),
      });
    }
  },
};

/** Places that can be reached from the workspaces without their development dependencies. */
function neededOutsideDevelopment(root: unknown): ReadonlySet<string> {
  const packages = new Map(membersOf(member(root, "packages")));
  const seen = new Set<string>();
  const pending: string[] = [];
  function visit(holder: unknown, place: string): void {
    for (const kind of ["dependencies", "optionalDependencies", "peerDependencies"]) {
      for (const [name] of membersOf(member(holder, kind))) {
        const at = nearest(place, name);
        if (at === undefined || seen.has(at)) continue;
        seen.add(at);
        pending.push(at);
      }
    }
  }
  /** As Node resolves: below the package itself, then below each of those around it. */
  function nearest(place: string, name: string): string | undefined {
    // No real tree is that deep, and looking through it would take its length squared.
    const start = place.length > limits.pathBytes ? "" : place;
    for (let around = start; around !== ""; around = around.slice(0, Math.max(0, around.lastIndexOf("/")))) {
      if (packages.has(`${around}/${name}`)) return `${around}/${name}`;
    }
    return packages.has(name) ? name : undefined;
  }
  for (const [, workspace] of membersOf(member(root, "workspaces"))) {
    const name = member(workspace, "name");
    visit(workspace, typeof name === "string" ? name : "");
  }
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    for (const part of itemsOf(packages.get(place))) visit(part, place);
  }
  return seen;
}
