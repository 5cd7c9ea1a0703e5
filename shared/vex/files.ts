/** VEX that the user brings: files, directories of them, and documents in the platform's own storage. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, PermanentError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import type { Blobs } from "../platform/ports.ts";
import { parseVexJson, readVex, vexFormOf } from "./read.ts";
import { addReading, noSupply, type VexSupply } from "./supply.ts";

/**
 * The statements of these files. In a directory (with everything below it) the `.json` files are taken of which the
 * content is VEX, and the others are told; a file that is named must be VEX.
 * @throws PermanentError `vex-malformed`, `vex-missing`, `vex-too-large`
 */
export async function vexFromFiles(paths: readonly string[], blobs: Pick<Blobs, "get">): Promise<VexSupply> {
  const supply = noSupply();
  const taken = { files: 0, bytes: 0 };
  for (const path of paths) await addPath(supply, path, blobs, taken);
  return supply;
}

/** The same, where nobody is there to correct a file: one that cannot be read is told, and the others are used. */
export async function vexFromSettings(paths: readonly string[], blobs: Pick<Blobs, "get">): Promise<VexSupply> {
  const supply = noSupply();
  const taken = { files: 0, bytes: 0 };
  for (const path of paths) {
    try {
      await addPath(supply, path, blobs, taken);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      supply.remarks.push({ source: "file", reason: error.code, detail: error.message.slice(0, 500), subject: path });
    }
  }
  return supply;
}

type Taken = { files: number; bytes: number };
type Supply = ReturnType<typeof noSupply>;

async function addPath(supply: Supply, path: string, blobs: Pick<Blobs, "get">, taken: Taken): Promise<void> {
  if (path.startsWith("blob:")) {
    const bytes = await blobs.get(path.slice("blob:".length));
    if (bytes === undefined) throw missing(path, "there is no such blob");
    add(supply, bytes, path, taken);
    return;
  }
  const status = await stat(path).catch((error: unknown) => {
    throw missing(path, messageOf(error));
  });
  if (status.isDirectory()) await addDirectory(supply, path, taken);
  else add(supply, await read(path), path, taken);
}

async function addDirectory(supply: Supply, directory: string, taken: Taken): Promise<void> {
  const names = await readdir(directory, { recursive: true, encoding: "utf8" });
  const others: string[] = [];
  for (const name of names.filter((one) => one.endsWith(".json")).sort()) {
    const path = join(directory, name);
    if (!(await stat(path)).isFile()) continue;
    const bytes = await read(path);
    try {
      if (!add(supply, bytes, path, taken, "any")) others.push(name);
    } catch (error) {
      if (!(error instanceof PermanentError) || error.code !== "vex-malformed") throw error;
      supply.remarks.push({ source: "file", reason: error.code, detail: error.message.slice(0, 500), subject: path });
    }
  }
  if (others.length === 0) return;
  const detail = `${others.length} JSON files are no VEX and were left out, such as ${others[0]}`.slice(0, 500);
  supply.remarks.push({ source: "file", reason: "vex-not-vex", detail, subject: directory });
}

/** Whether it was VEX; with `any` other documents are let pass, without they are refused. */
function add(supply: Supply, bytes: Uint8Array, path: string, taken: Taken, what: "any" | "vex" = "vex"): boolean {
  taken.files += 1;
  taken.bytes += bytes.length;
  if (taken.files > limits.vexFiles || taken.bytes > limits.vexFilesBytes) {
    const most = `${limits.vexFiles} files or ${limits.vexFilesBytes} bytes`;
    throw new PermanentError("vex-too-large", `there are over ${most} of VEX files, up to ${path}`);
  }
  const value = parseVexJson(bytes, path);
  if (what === "any" && vexFormOf(value) === undefined) return false;
  addReading(supply, readVex(value, { source: "file", name: path }));
  return true;
}

async function read(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > limits.vexDocumentBytes) {
    throw new PermanentError("vex-malformed", `${path} is over ${limits.vexDocumentBytes} bytes`);
  }
  return readFile(path).catch((error: unknown) => {
    throw missing(path, messageOf(error));
  });
}

function missing(path: string, why: string): PermanentError {
  return new PermanentError("vex-missing", `the VEX file ${path} cannot be read: ${why}`.slice(0, 500));
}
