/** Values that expire (tokens), kept until shortly before they do and fetched once however many ask. */
import type { Clock } from "../platform/ports.ts";

export interface Expiring<Value> {
  readonly value: Value;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * @param marginSeconds how long before its end a value is no longer given out
 * @returns a getter by key; a fetch that fails is not remembered
 */
export function keptByKey<Value>(
  clock: Clock,
  marginSeconds: number,
  fetchValue: (key: string) => Promise<Expiring<Value>>,
): (key: string) => Promise<Value> {
  const kept = new Map<string, Promise<Expiring<Value>>>();
  async function get(key: string): Promise<Value> {
    const before = kept.get(key);
    if (before !== undefined) {
      const known = await before.catch(() => undefined);
      if (known !== undefined && known.expiresAt - marginSeconds * 1000 > clock.now()) return known.value;
      // Whoever waited for the same one may have begun the next one meanwhile.
      if (kept.get(key) !== before) return get(key);
    }
    const fetching = fetchValue(key);
    kept.set(key, fetching);
    return (await fetching).value;
  }
  return get;
}
