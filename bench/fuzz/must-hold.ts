/** What has to hold of an answer, whatever the input: an answer that breaks it is a defect, as a crash is. */
export class Violation extends TypeError {}

export function mustHold(holds: boolean, what: string): void {
  if (!holds) throw new Violation(what);
}

/** The bytes in pieces of at most so many. */
export async function* inPieces(bytes: Uint8Array, most: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += most) yield Buffer.from(bytes.subarray(at, at + most));
}

/** All that a reader gives, or what it threw. */
export async function outcomeOf<Value>(reader: AsyncIterable<Value>): Promise<readonly Value[] | { thrown: unknown }> {
  const all: Value[] = [];
  try {
    for await (const one of reader) all.push(one);
    return all;
  } catch (thrown) {
    return { thrown };
  }
}
