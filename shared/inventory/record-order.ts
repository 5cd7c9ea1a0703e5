/** Layers are read several at once and end in any order; they are merged lowest first. */
import { limits } from "../platform/limits.ts";
import type { LayerRecord } from "./record.ts";

export interface RecordOrder {
  /** `reload`: gets the record again, in case it was not kept until its turn. */
  add(index: number, record: LayerRecord, reload: () => Promise<LayerRecord>): Promise<void>;
}

interface Waiting {
  readonly record: LayerRecord | undefined;
  readonly bytes: number;
  readonly reload: () => Promise<LayerRecord>;
}

/** What a record takes in memory, roughly: a slow layer at the bottom must not make hundreds of others pile up. */
function bytesOf({ paths, directories, implied, files, links }: LayerRecord): number {
  const hashes = paths.bytes.length + directories.bytes.length + implied.bytes.length;
  return hashes + 1000 * files.length + 300 * links.length;
}

/** Hands records over in the order of their layers, each as soon as all below it have been. */
export function inOrder(onRecord: (record: LayerRecord) => void): RecordOrder {
  const waiting = new Map<number, Waiting>();
  let next = 0;
  let held = 0;
  let isHandingOver = false;

  async function handOver(): Promise<void> {
    for (let ready = waiting.get(next); ready !== undefined; ready = waiting.get(next)) {
      waiting.delete(next);
      held -= ready.bytes;
      onRecord(ready.record ?? (await ready.reload()));
      next++;
    }
  }

  return {
    async add(index, record, reload) {
      const bytes = bytesOf(record);
      const keeps = index === next || held + bytes <= limits.waitingRecordBytes;
      held += keeps ? bytes : 0;
      waiting.set(index, { record: keeps ? record : undefined, bytes: keeps ? bytes : 0, reload });
      if (isHandingOver) return;
      isHandingOver = true;
      try {
        await handOver();
      } finally {
        isHandingOver = false;
      }
    },
  };
}
