/** The layer's bytes as they were before compression, pushed into a synchronous sink with real back-pressure. */
import { createGunzip, createZstdDecompress } from "node:zlib";
import { messageOf, PermanentError } from "../platform/errors.ts";
import { limits } from "../platform/limits.ts";
import { release, releaseEnd } from "./release.ts";
import { createFrameSplitter } from "./zstd-frames.ts";

/**
 * Raw bytes at a time. Each piece wakes the decoder's thread and then the main one: small ones cost a tenth of all time
 * (measured 64 kB to 1 MB), large ones memory.
 */
const chunkSize = 512 * 1024;

/** Compressed bytes at a time. */
const pieceSize = 256 * 1024;

export type Compression = "gzip" | "zstd" | "none";

export interface Decompression {
  /** Called with each piece of raw bytes; valid only during the call. A throw ends everything and is passed on. */
  readonly sink: (raw: Uint8Array) => void;
  /** Called before the first piece. */
  readonly onCompression?: (compression: Compression) => void;
  /** Called with the number of compressed bytes consumed so far. */
  readonly onBytes?: (done: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** By magic bytes: RFC 1952, RFC 8878 (data and skippable frames). What a media type says is often wrong. */
export function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return "zstd";
  if (((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) return "zstd";
  return "none";
}

/**
 * Reads `source` to its end. Throws what the source throws, before anything that its broken bytes would cause;
 * `truncated-layer` or `not-a-layer` for broken compression; `layer-too-large` and `compression-bomb` for the limits
 * `layerBytes`, `layerRawBytes` and `compressionRatio`.
 */
export async function decompress(
  source: AsyncIterable<Uint8Array>,
  mediaType: string,
  options: Decompression,
): Promise<void> {
  let compressed = 0;
  let raw = 0;
  function bounded(chunk: Uint8Array): void {
    raw += chunk.length;
    if (raw > limits.layerRawBytes) throw tooLarge("layerRawBytes");
    if (raw > limits.ratioFloorBytes && raw > compressed * limits.compressionRatio) {
      throw new PermanentError("compression-bomb", `the layer expands more than ${limits.compressionRatio} times`);
    }
    options.sink(chunk);
  }
  let stage: Stage | undefined;
  let head = Buffer.alloc(0);
  let broken: unknown;
  try {
    for await (const chunk of source) {
      options.signal?.throwIfAborted();
      compressed += chunk.length;
      if (compressed > limits.layerBytes) throw tooLarge("layerBytes");
      options.onBytes?.(compressed);
      // After broken compression the source is read on: it knows best (digest, connection) what is wrong.
      if (broken !== undefined) continue;
      try {
        if (stage !== undefined) await stage.write(chunk);
        else if (head.length + chunk.length < 4) head = Buffer.concat([head, chunk]);
        else {
          head = Buffer.concat([head, chunk]);
          const compression = compressionOf(head);
          options.onCompression?.(compression);
          stage = stageFor(compression, bounded);
          await stage.write(head);
        }
      } catch (thrown) {
        if (!(thrown instanceof BrokenCompression)) throw thrown;
        broken = thrown;
      }
    }
    if (broken !== undefined) throw broken;
    if (stage === undefined && head.length > 0) throw new BrokenCompression("not-a-layer", "only a few bytes");
    await stage?.end();
  } catch (thrown) {
    if (!(thrown instanceof BrokenCompression)) throw thrown;
    throw new PermanentError(thrown.code, `the layer (${mediaType}) cannot be unpacked: ${thrown.message}`);
  } finally {
    stage?.close();
  }
}

function tooLarge(limit: "layerBytes" | "layerRawBytes"): PermanentError {
  return new PermanentError("layer-too-large", `the layer has more than ${limits[limit]} bytes (limit ${limit})`);
}

/** What the decoder says of the bytes, before it is known whether the source is to blame. */
class BrokenCompression extends Error {
  readonly code: "truncated-layer" | "not-a-layer";
  constructor(code: "truncated-layer" | "not-a-layer", message: string) {
    super(message);
    this.code = code;
  }
}

interface Stage {
  /** Resolves when the next chunk may come. */
  write(chunk: Uint8Array): Promise<void> | void;
  end(): Promise<void> | void;
  readonly close: () => void;
}

function stageFor(compression: Compression, sink: (raw: Uint8Array) => void): Stage {
  switch (compression) {
    case "gzip":
      return gathered(decoderStage(createGunzip({ chunkSize }), sink));
    case "zstd":
      return gathered(zstdStage(sink));
    case "none":
      return {
        write(chunk) {
          sink(chunk);
          release(chunk);
        },
        end: () => {},
        close: () => {},
      };
  }
}

/**
 * Makes few large pieces of many small ones: each piece costs a turn of the event loop, and connections bring them in
 * kilobytes.
 */
function gathered(stage: Stage): Stage {
  let waiting = Buffer.alloc(0);
  let filled = 0;
  async function flush(): Promise<void> {
    const piece = waiting.subarray(0, filled);
    waiting = Buffer.alloc(0);
    filled = 0;
    if (piece.length > 0) await stage.write(piece);
  }
  return {
    async write(chunk) {
      if (chunk.length > pieceSize / 2 && filled === 0) {
        await stage.write(chunk);
        return;
      }
      for (let at = 0; at < chunk.length; ) {
        if (waiting.length === 0) waiting = Buffer.allocUnsafeSlow(pieceSize);
        const taken = Math.min(chunk.length - at, waiting.length - filled);
        waiting.set(chunk.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
        if (filled === waiting.length) await flush();
      }
      release(chunk);
    },
    async end() {
      await flush();
      await stage.end();
    },
    close: stage.close,
  };
}

/**
 * Node's zstd decoder stops silently at the end of a frame when the same write goes on (24.21), so that layers of
 * several frames (zstd:chunked, parallel writers) would lose their tail: each write ends where its frame ends.
 */
function zstdStage(sink: (raw: Uint8Array) => void): Stage {
  const decoder = decoderStage(createZstdDecompress({ chunkSize }), sink);
  const frames = createFrameSplitter();
  return {
    async write(chunk) {
      for (const piece of frames.split(chunk)) await decoder.write(piece);
      if (frames.broken) throw new BrokenCompression("not-a-layer", "bytes after the last zstd frame");
    },
    async end() {
      if (!frames.complete) throw new BrokenCompression("truncated-layer", "the last zstd frame is not complete");
      await decoder.end();
    },
    close: decoder.close,
  };
}

/**
 * Decoder and sink work at the same time: the decoder's thread goes on with its next piece before the sink gets the
 * last one (its "data" event comes in between, hence the queue), and one compressed piece is fetched ahead. What has
 * been used is given back at once.
 */
function decoderStage(decoder: ReturnType<typeof createGunzip>, sink: (raw: Uint8Array) => void): Stage {
  let failure: unknown;
  let wake: (() => void) | undefined;
  let ended = false;
  let inDecoder = 0;
  let queue: Buffer[] = [];

  function drain(): void {
    const pieces = queue;
    queue = [];
    for (const raw of pieces) {
      if (failure !== undefined) return;
      try {
        sink(raw);
      } catch (thrown) {
        failure = thrown;
        decoder.destroy();
        return;
      }
      releaseEnd(raw);
    }
  }
  function settle(): void {
    drain();
    wake?.();
    wake = undefined;
  }
  decoder.on("data", (raw: Buffer) => {
    queue.push(raw);
    if (queue.length === 1) queueMicrotask(drain);
  });
  decoder.on("close", settle);
  decoder.on("end", () => {
    ended = true;
    settle();
  });
  decoder.on("error", (thrown: NodeJS.ErrnoException) => {
    drain();
    failure ??= new BrokenCompression(
      thrown.code === "Z_BUF_ERROR" ? "truncated-layer" : "not-a-layer",
      messageOf(thrown),
    );
    settle();
  });
  const settled = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  return {
    async write(chunk) {
      if (failure !== undefined) throw failure;
      // What follows the end of the compressed data belongs to nobody; the layer's digest covers it.
      if (ended) return;
      inDecoder += chunk.length;
      decoder.write(chunk, () => {
        inDecoder -= chunk.length;
        release(chunk);
        settle();
      });
      while (inDecoder > pieceSize && !ended && failure === undefined) await settled();
      if (failure !== undefined) throw failure;
    },
    async end() {
      if (!ended) decoder.end();
      while (!ended && failure === undefined && !decoder.destroyed) await settled();
      if (failure !== undefined) throw failure;
    },
    close: () => decoder.destroy(),
  };
}
