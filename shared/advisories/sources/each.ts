/** Many small documents, fetched a few ahead of the one that is read. */
import { PermanentError } from "../../platform/errors.ts";
import type { Fetcher } from "../types.ts";
import type { SourceDocument } from "./document.ts";

/** Documents that are asked for ahead of the one that is read. */
const ahead = 8;
/** As many that are missing are remembered, to be asked for again. */
const mostRemembered = 50;
const separator = " ";

export interface Each {
  readonly documents: AsyncIterable<SourceDocument>;
  /** The documents that the server did not give, for a cursor; empty when it gave all. */
  readonly missing: () => string;
}

/**
 * The documents at these paths. One that the server refuses is told as a problem, and the others go on; `again`: those
 * that were `missing` the last time. Throws what fetching throws when more than half of `paths` are refused.
 */
export function fetchEach(
  fetcher: Fetcher,
  paths: readonly string[],
  options: { readonly mostBytes?: number; readonly again?: string | undefined } = {},
): Each {
  const asked = new Set(paths);
  const again = (options.again ?? "").split(separator).filter((path) => path !== "" && !asked.has(path));
  const refused: string[] = [];
  const one = async (path: string): Promise<SourceDocument> => {
    try {
      const { mostBytes } = options;
      return { file: path, bytes: await fetcher.bytes(path, mostBytes === undefined ? {} : { mostBytes }) };
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      refused.push(path);
      if (refused.filter((each) => asked.has(each)).length * 2 > paths.length) throw error;
      return { file: path, bytes: Buffer.alloc(0), problem: error.message };
    }
  };
  return {
    documents: inOrder([...paths, ...again], one, fetcher.progress),
    missing: () => refused.slice(0, mostRemembered).join(separator),
  };
}

async function* inOrder(
  paths: readonly string[],
  one: (path: string) => Promise<SourceDocument>,
  progress: Fetcher["progress"],
): AsyncGenerator<SourceDocument> {
  const waiting: Promise<SourceDocument>[] = [];
  let next = 0;
  const ask = () => {
    const path = paths[next++];
    if (path === undefined) return;
    const asked = one(path);
    // Whoever waits for it hears of its failure.
    asked.catch(() => undefined);
    waiting.push(asked);
  };
  for (let count = 0; count < ahead; count++) ask();
  let done = 0;
  for (let document = waiting.shift(); document !== undefined; document = waiting.shift()) {
    const ready = await document;
    ask();
    progress(++done, paths.length);
    yield ready;
  }
}
