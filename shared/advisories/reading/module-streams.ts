/** The module streams (`nodejs:18`) that a modular update is for: the distributions name them in its summary. */
export function streamsIn(summary: string): readonly string[] {
  const words = summary.split(/[\s,;()]+/);
  return [...new Set(words.filter((word) => /^[A-Za-z0-9_.+-]+:[A-Za-z0-9_.+-]+$/.test(word)))];
}
