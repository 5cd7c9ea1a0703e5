/** What Go's records say of packages inside the module: https://go.dev/doc/security/vuln/database#schema */
import * as z from "zod";
import type { AffectedSymbols } from "../../types.ts";

const names = z.array(z.string().min(1).max(512)).max(10_000).nullish();
const imports = z
  .array(z.object({ path: z.string().min(1).max(1024), symbols: names, goos: names, goarch: names }))
  .max(10_000);

/** The packages with their functions; `undefined` when the record does not tell (or nobody can read) them. */
export function symbolsOf(told: unknown): readonly AffectedSymbols[] | undefined {
  const read = imports.safeParse(told).data ?? [];
  if (read.length === 0) return undefined;
  return read.map(({ path, symbols }) => ({ path, symbols: [...new Set(symbols ?? [])].sort() }));
}

/** `only-windows`: marks of records about other systems than Linux alone. */
export function platformsOf(told: unknown): readonly string[] {
  const read = imports.safeParse(told).data ?? [];
  const systems = read.map(({ goos }) => goos ?? []);
  if (systems.length === 0 || systems.some((list) => list.length === 0 || list.includes("linux"))) return [];
  return [...new Set(systems.flat())].sort().map((system) => `only-${system.replace(/[^a-z0-9]/g, "").slice(0, 20)}`);
}
