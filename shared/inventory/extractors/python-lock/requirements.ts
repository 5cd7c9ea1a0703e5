/**
 * Requirements that are pinned (`name==1.2.3`), in the files that pip reads them from:
 * https://pip.pypa.io/en/stable/reference/requirements-file-format/. Others state no version: they are wishes, not
 * packages, and are left out.
 */
import type { LockFormat } from "../../lock-file.ts";

export const requirements: LockFormat = {
  wants: {
    suffixes: [".txt"],
    accept: isRequirements,
  },
  read(content, lock) {
    const base = lock.path.slice(lock.path.lastIndexOf("/") + 1);
    const development = /(^|[-_.])(dev|devel|development|test|tests|testing|lint|doc|docs)([-_.]|$)/i.test(base);
    for (const line of content.split("\n")) {
      const one = pinnedIn(line.slice(0, 4096));
      if (one !== undefined) lock.add({ ...one, development });
    }
  },
};

/** `requirements.txt`, `requirements-dev.txt`, `dev-requirements.txt`, `requirements/dev.txt`. */
function isRequirements(path: string): boolean {
  const slash = path.lastIndexOf("/");
  const base = path.slice(slash + 1);
  // File systems take no longer names.
  if (base.length > 255) return false;
  return (
    /^(.*[-_.])?requirements([-_.].*)?\.txt$/i.test(base) ||
    /(^|\/)requirements$/.test(path.slice(0, Math.max(0, slash)))
  );
}

/** PEP 508: name, extras, and one clause `==` or `===` without wildcard; before markers, options and comments. */
function pinnedIn(line: string): { name: string; version: string } | undefined {
  const equals = line.indexOf("==");
  if (equals < 0) return undefined;
  const [, name] =
    /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?$/.exec(line.slice(0, equals).trim()) ?? [];
  const rest = line.slice(line[equals + 2] === "=" ? equals + 3 : equals + 2);
  const version = (rest.split(/[;#\\]|\s--/, 1)[0] ?? "").trim();
  return name !== undefined && /^[A-Za-z0-9][A-Za-z0-9.!+_-]*$/.test(version) ? { name, version } : undefined;
}
