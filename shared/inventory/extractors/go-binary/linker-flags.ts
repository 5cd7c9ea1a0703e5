/** Versions that a build writes into variables of its program: `-ldflags "-X main.version=1.2.3"`. */

export interface LinkedVersion {
  /** As the linker names it: `main.version`. */
  readonly variable: string;
  readonly version: string;
}

/** Names of variables that hold the program's own version, whatever their package is called. */
const versionVariable =
  /^(git|app|build|release|semver|program|product|binary|tool)?[_-]?(version|semver|tag|describe)(string|number)?$/i;
const versionText = /^v?\d+(\.\d+)+([-+._~][0-9A-Za-z.+_~-]*)?$/;

/**
 * The version that the flags give to the program, if any. `main` counts most, then packages of the main module, then
 * others that exist for this (such as `github.com/prometheus/common/version`); the shortest path first.
 */
export function linkedVersion(flags: string, module: string): LinkedVersion | undefined {
  const found: (LinkedVersion & { rank: number })[] = [];
  const words = splitFlags(flags);
  for (const [index, word] of words.entries()) {
    const assignment = /^--?X$/.test(word) ? words[index + 1] : /^--?X=(.*)$/s.exec(word)?.[1];
    const [, path = "", name = "", version = ""] = /^([^=]*)\.([^.=/]+)=(.*)$/s.exec(assignment ?? "") ?? [];
    if (!versionVariable.test(name) || version.length > 256 || !versionText.test(version)) continue;
    found.push({ variable: `${path}.${name}`, version, rank: rankOf(path, module) });
  }
  found.sort((one, other) => one.rank - other.rank || one.variable.length - other.variable.length);
  const best = found[0];
  return best && { variable: best.variable, version: best.version };
}

function rankOf(path: string, module: string): number {
  if (path === "main") return 0;
  if (path === module || path.startsWith(`${module}/`)) return 1;
  return /version/i.test(path) ? 2 : 3;
}

/** As Go's own commands split them: blanks part words, and each word may stand in quotes of either kind. */
function splitFlags(flags: string): readonly string[] {
  return [...flags.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"][^\s]*)/g)].map(
    ([, single, double, plain]) => single ?? double ?? plain ?? "",
  );
}
