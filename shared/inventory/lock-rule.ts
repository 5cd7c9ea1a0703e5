/**
 * A lock file says what should be installed. Where something of its ecosystem is installed in the same project, that
 * is what counts, and the lock file is left out; where nothing is, its packages are listed and marked as such.
 */
import type { TreeFile } from "./file-tree.ts";
import type { PackageType } from "./types.ts";

export interface LockRule {
  /** Whether packages of this type are installed in the project of the lock file at `path`. */
  isInstalled(type: PackageType, path: string): boolean;
}

/** From all files of the merged image. */
export function createLockRule(files: readonly (readonly [path: string, file: TreeFile])[]): LockRule {
  if (!files.some(([, { record }]) => record.facts.some(({ lockOf }) => lockOf !== undefined))) {
    return { isInstalled: () => false };
  }
  const projects = new Map<PackageType, Set<string>>();
  for (const [path, { record }] of files) {
    for (const { packages, lockOf } of record.facts) {
      if (lockOf !== undefined) continue;
      for (const type of new Set(packages?.flatMap((one) => (isThere(one.evidence) ? one.type : [])))) {
        const known = projects.get(type) ?? new Set();
        projects.set(type, known);
        for (const project of projectsOf(type, path)) known.add(project);
      }
    }
  }
  return { isInstalled: (type, path) => projects.get(type)?.has(projectOfLock(path)) === true };
}

function isThere(evidence: string | undefined): boolean {
  return evidence !== "sbom" && evidence !== "lock-file" && evidence !== "vendored";
}

/** `requirements/dev.txt` belongs to the project around its folder. */
function projectOfLock(path: string): string {
  return parentOf(path).replace(/(^|\/)requirements$/, "");
}

/** Where, below a project's directory, the package managers of each type install; `.`: in the directory itself. */
const places: Readonly<Partial<Record<PackageType, readonly string[]>>> = {
  npm: ["node_modules", ".yarn", "."],
  composer: ["vendor"],
  gem: ["vendor/bundle", ".bundle"],
  cargo: ["target", "bin", "."],
  golang: ["bin", "build", "dist", "."],
  maven: ["target", "build", "lib", "libs", "WEB-INF", "BOOT-INF", "."],
  nuget: ["bin", "out", "publish", "."],
  hex: ["deps", "_build"],
  pub: [".dart_tool", "."],
};

/**
 * The projects' directories for which a file with packages of this type is what they have installed: for each place,
 * the outermost directory that has it (a package's own `node_modules` is no project's).
 */
export function projectsOf(type: PackageType, path: string): readonly string[] {
  if (type === "pypi") return pythonProjects(path);
  return (places[type] ?? []).flatMap((place) => {
    if (place === ".") return [parentOf(path)];
    const at = `/${path}`.indexOf(`/${place}/`);
    return at < 0 ? [] : [path.slice(0, Math.max(0, at - 1))];
  });
}

/**
 * Metadata `*.dist-info` stands in a directory of packages: of a virtual environment (which is the project's directory
 * or in it), or, with `pip install --target`, the project's directory or one in it. What stands as `*.egg-info` in a
 * project is the project itself.
 */
function pythonProjects(path: string): readonly string[] {
  const packages = /^(?:(.*)\/)?[^/]+\.dist-info\/[^/]+$/.exec(path)?.[1];
  if (packages === undefined) return /^[^/]+\.dist-info\//.test(path) ? [""] : [];
  const environment = /^(?:(.*)\/)?(?:lib|Lib)\/(?:[^/]+\/)?(?:site|dist)-packages$/.exec(packages);
  if (environment === null) return [packages, parentOf(packages)];
  const root = environment[1] ?? "";
  return /(^|\/)(\.?v?env|\.?virtualenv|__pypackages__)$/.test(root) ? [root, parentOf(root)] : [root];
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
