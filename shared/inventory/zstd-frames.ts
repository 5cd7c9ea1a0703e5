/** Finds where zstd frames end without decompressing them: RFC 8878, sections 3.1.1 and 3.1.2. */

export interface FrameSplitter {
  /** The pieces of a chunk that belong to data frames, none crossing the end of a frame. Skippable frames are left out. */
  split(chunk: Uint8Array): readonly Uint8Array[];
  /** Between two frames. */
  readonly complete: boolean;
  /** What followed a frame is no frame. */
  readonly broken: boolean;
}

const dataMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

type Part = "magic" | "skip-size" | "skip" | "descriptor" | "header" | "block-header" | "block" | "checksum" | "broken";

/** Bytes of a frame header after its descriptor: window, dictionary id and content size. */
function headerLength(descriptor: number): number {
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const size = [single ? 1 : 0, 2, 4, 8][descriptor >>> 6] ?? 0;
  return (single ? 0 : 1) + dictionary + size;
}

export function createFrameSplitter(): FrameSplitter {
  let part: Part = "magic";
  /** Bytes missing of the part, and (little-endian) those of a short part read so far. */
  let missing = 4;
  let value = 0;
  let filled = 0;
  let hasChecksum = false;
  let last = false;
  /** The magic number belongs to its frame, but is recognised only at its end, maybe in a later chunk. */
  const magic = new Uint8Array(4);

  function next(to: Part, length: number): void {
    part = to;
    missing = length;
    value = 0;
    filled = 0;
  }

  /** Moves on from a complete part; true when a data frame ended here. */
  function complete(): boolean {
    switch (part) {
      case "magic":
        if (value === dataMagic) next("descriptor", 1);
        else if ((value & 0xfffffff0) >>> 0 === skippableMagic) next("skip-size", 4);
        else next("broken", Number.POSITIVE_INFINITY);
        return false;
      case "skip-size":
        next(value === 0 ? "magic" : "skip", value === 0 ? 4 : value);
        return false;
      case "skip":
        next("magic", 4);
        return false;
      case "descriptor": {
        hasChecksum = (value & 4) !== 0;
        const length = headerLength(value);
        next(length === 0 ? "block-header" : "header", length === 0 ? 3 : length);
        return false;
      }
      case "header":
        next("block-header", 3);
        return false;
      case "block-header": {
        last = (value & 1) !== 0;
        // Type 1 repeats one byte.
        const length = ((value >>> 1) & 3) === 1 ? 1 : value >>> 3;
        if (length > 0) next("block", length);
        else return afterBlock();
        return false;
      }
      case "block":
        return afterBlock();
      case "checksum":
        next("magic", 4);
        return true;
      case "broken":
        return false;
    }
  }

  function afterBlock(): boolean {
    if (!last) next("block-header", 3);
    else if (hasChecksum) next("checksum", 4);
    else {
      next("magic", 4);
      return true;
    }
    return false;
  }

  return {
    get complete() {
      return part === "magic" && filled === 0;
    },
    get broken() {
      return part === "broken";
    },
    split(chunk) {
      const pieces: Uint8Array[] = [];
      let offset = 0;
      let from = isInFrame(part) ? 0 : -1;
      while (offset < chunk.length && part !== "broken") {
        const taken = Math.min(missing, chunk.length - offset);
        if (part !== "skip" && part !== "block") {
          for (let index = 0; index < taken; index++) {
            const byte = chunk[offset + index] ?? 0;
            if (part === "magic") magic[filled + index] = byte;
            if (filled + index < 4) value = (value | (byte << (8 * (filled + index)))) >>> 0;
          }
        }
        filled += taken;
        missing -= taken;
        offset += taken;
        if (missing > 0) break;
        const was = part;
        const ended = complete();
        if (was === "magic" && part === "descriptor") {
          // A magic number that began in an earlier chunk is passed on by itself.
          if (taken === 4) from = offset - 4;
          else {
            pieces.push(magic.slice());
            from = offset;
          }
        } else if (ended) {
          pieces.push(chunk.subarray(from, offset));
          from = -1;
        }
      }
      if (from >= 0 && from < offset && isInFrame(part)) pieces.push(chunk.subarray(from, offset));
      return pieces;
    },
  };
}

function isInFrame(part: Part): boolean {
  return (
    part === "descriptor" || part === "header" || part === "block-header" || part === "block" || part === "checksum"
  );
}
