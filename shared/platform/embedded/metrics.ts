/** The `Metrics` port in memory: for `/metrics`-like views and tests. */
import type { Metrics } from "../ports.ts";

export interface Counter {
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface EmbeddedMetrics extends Metrics {
  /** All counters, by name and dimensions. */
  snapshot(): readonly Counter[];
}

/** More series than this are counted without their dimensions: a mistake must not fill the memory. */
const mostSeries = 1000;

export function embeddedMetrics(): EmbeddedMetrics {
  const counters = new Map<string, Counter>();
  return {
    count(name, value = 1, dimensions = {}) {
      const sorted = Object.fromEntries(Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1)));
      const exact = JSON.stringify([name, sorted]);
      const full = !counters.has(exact) && counters.size >= mostSeries;
      const id = full ? JSON.stringify([name, {}]) : exact;
      const before = counters.get(id) ?? { name, dimensions: full ? {} : sorted, value: 0 };
      counters.set(id, { ...before, value: before.value + value });
    },
    snapshot: () => [...counters].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, counter]) => counter),
  };
}
