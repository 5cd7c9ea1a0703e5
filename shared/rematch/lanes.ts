/** Does the work for each item, at most so many at once; throws what the first to fail throws, once all have ended. */
export async function lanes<Item>(
  atOnce: number,
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const failures: unknown[] = [];
  const under = new Set<Promise<void>>();
  for await (const item of items) {
    const one: Promise<void> = work(item).then(
      () => void under.delete(one),
      (error: unknown) => {
        under.delete(one);
        failures.push(error);
      },
    );
    under.add(one);
    if (under.size >= atOnce) await Promise.race(under);
    if (failures.length > 0) break;
  }
  await Promise.all(under);
  if (failures.length > 0) throw failures[0];
}
