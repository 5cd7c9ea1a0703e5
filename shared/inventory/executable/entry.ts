/** Which files of a layer may be executables: told from what the tar header says, before any content. */
import { limits } from "../../platform/limits.ts";
import type { EntryName } from "../tar/name.ts";
import type { TarEntry } from "../tar/walker.ts";

const executableBits = 0o111;
const dot = 46;

/**
 * Whether a file is large enough, and executable or named as libraries are. Hard links have no size of their own.
 * Costs a few instructions for nearly every entry.
 */
export function mayBeExecutable(entry: TarEntry): boolean {
  if (entry.kind === "file") {
    if (entry.size < limits.executableFloorBytes) return false;
  } else if (entry.kind !== "hard-link") return false;
  return (entry.mode() & executableBits) !== 0 || isLibraryName(entry.name);
}

/** `.so` at the end or before a further dot; `.exe`, `.dll`, `.node` and `.dylib` at the end. */
function isLibraryName({ bytes, base, end }: EntryName): boolean {
  for (let at = end - 3; at >= base; at--) {
    if (bytes[at] !== dot) continue;
    if (bytes[at + 1] === 115 && bytes[at + 2] === 111 && (at + 3 === end || bytes[at + 3] === dot)) return true;
  }
  const last = bytes[end - 1] ?? 0;
  // e, l, b: the ends of the other names.
  if (last !== 101 && last !== 108 && last !== 98) return false;
  return libraryEndings.some((ending) => endsWith(bytes, base, end, ending));
}

const libraryEndings = [".exe", ".dll", ".node", ".dylib"].map((ending) => Buffer.from(ending));

function endsWith(bytes: Uint8Array, start: number, end: number, ending: Uint8Array): boolean {
  const at = end - ending.length;
  if (at < start) return false;
  for (let index = 0; index < ending.length; index++) if (bytes[at + index] !== ending[index]) return false;
  return true;
}

/** Directories whose files are programs, wherever they stand. */
const programDirectory = /(^|\/)s?bin\/[^/]+$|(^|\/)libexec\//;
const libraryName = /\.(so(\.[^/]*)?|exe|dll|node|dylib)$/;
/** Programs in places of their own: there, names without a dot. */
const privateProgram = /^(usr\/|usr\/local\/)?(lib[^/]*|opt)\/.*\/[^./]+$/;

/** Whether executables bear such paths: for lists of paths that tell neither modes nor sizes. */
export function mayNameExecutable(path: string): boolean {
  return programDirectory.test(path) || libraryName.test(path) || privateProgram.test(path);
}
