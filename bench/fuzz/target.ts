import type { Random } from "./random.ts";
import type { Sample } from "./samples.ts";

/** Something that reads what strangers wrote. */
export interface Target {
  readonly name: string;
  readonly samples: readonly Sample[];
  /** Share of all inputs; those that wait for other threads are given fewer. */
  readonly weight: number;
  /** Only our own typed errors may leave it: what any other code throws, it has to turn into one. */
  readonly strict?: true;
  /** Makes right what would stop every mutation at the door: checksums, compression. */
  readonly repair?: (bytes: Buffer, random: Random) => Buffer;
  run(bytes: Buffer, path: string, random: Random): void | Promise<void>;
}
