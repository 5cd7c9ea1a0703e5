/**
 * Control characters (C0, C1, delete), line and paragraph separators, and the marks that reorder or hide text: what a
 * hostile name could use to forge log lines or drive the terminal.
 */
const dangerous = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Cs}]/gu;
const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The text with everything a terminal might obey made visible, at most `most` characters long. */
export function terminalText(text: string, most = 500): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return cut.replace(
    dangerous,
    (character) => short[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
