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
  return async (key) => {
    const known = await kept.get(key)?.catch(() => undefined);
    if (known !== undefined && known.expiresAt - marginSeconds * 1000 > clock.now()) return known.value;
    const fetching = fetchValue(key);
    kept.set(key, fetching);
    try {
      return (await fetching).value;
    } catch (error) {
      if (kept.get(key) === fetching) kept.delete(key);
      throw error;
    }
  };
}
