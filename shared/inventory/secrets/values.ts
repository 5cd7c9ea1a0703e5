/** What tells a secret from an example of one. */

/** Shannon entropy of a text's characters, in bits per character. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  let entropy = 0;
  for (const count of counts.values()) entropy -= (count / total) * Math.log2(count / total);
  return entropy;
}

/** Words that stand for a value that is still to come, or that everybody knows. */
const placeholderWords =
  /change[-_ ]?me|change[-_ ]?this|replace[-_ ]?(?:me|this|with)|place[-_ ]?holder|example|dummy|sample|redacted|removed|insert|your[-_ ]|my[-_ ]?(?:password|secret|token|api)|<[^>]*>|fake|todo|fixme|undefined|not[-_ ]?set|notsecret|not[-_ ]?a[-_ ]?secret|s[e3]cr[e3]t|passw[o0]rd|foobar|hunter2|deadbeef|lorem|qwerty|letmein|admin123|unused|\.\.\./i;

/** Values that are filled in when the container runs: `$NAME`, `${NAME}`, `$(...)`, `{{...}}`, `%(name)s`, `@name@`. */
const reference = /^["']?(?:\$[A-Za-z_({]|\{\{|%[({A-Za-z]|@[A-Za-z.]+@$|<%|#\{|\[\[|__[A-Z_]+__$)/;

/** `****`, `xxxx`, `0000`, `....` */
const oneCharacter = /^(.)\1*$/s;

/** Whole values that are words of a configuration rather than secrets. */
const plainWords =
  /^(?:null|nil|none|true|false|yes|no|on|off|empty|default|test|testing|root|admin|user|guest|pass|passwd|pwd|token|key|postgres|mysql|redis|rabbitmq|minio|minioadmin|local|localhost|string|required|optional|disabled|enabled|auto|basic|bearer)$/i;

/** A path, an address, or the name of a variable or of a function: where the secret is, not the secret. */
const elsewhere =
  /^(?:\.{0,2}\/[\w./-]*|~\/[\w./-]*|[a-z][a-z0-9+.-]*:\/\/\S*|[\w.-]+\.(?:json|ya?ml|pem|key|crt|txt|env|conf|py|js|ts)|(?:process\.env|os\.environ|os\.getenv|env|getenv|secrets?|vault|config|settings)\b[.[(].*|arn:aws:.*)$/i;

/** `get_password(...)`, `request.headers[...]`, `ENC(...)` */
const call = /^[\w.$:]{1,100}(?:\(|\[|->)/;

/** The key of Azurite, the storage emulator; and tokens with a rule of their own (JWT), which knows better. */
const knownForm = /^(?:Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1|eyJ[A-Za-z0-9_-]{8,}\.)/;

/** Whether a value only stands for a secret. For what people choose; tokens have a form of their own. */
export function isPlaceholder(value: string): boolean {
  return (
    reference.test(value) ||
    oneCharacter.test(value) ||
    plainWords.test(value) ||
    elsewhere.test(value) ||
    call.test(value) ||
    knownForm.test(value) ||
    placeholderWords.test(value)
  );
}

/** Whether a token of a vendor's form is an example: vendors write EXAMPLE into theirs, people write xxxx and 1234567. */
export function isExampleToken(value: string): boolean {
  return /example|xxxxx|\*{3}|\.{3}|0{8}|1234567|abcdefg|your[-_]?|<|>|\$\{/i.test(value) || /(.)\1{7}/.test(value);
}

/**
 * Whether a text that somebody assigned to a password-like name looks chosen or generated: long enough, of mixed
 * characters, not a plain word, number or identifier.
 */
export function looksChosen(value: string): boolean {
  if (value.length < 8 || value.length > 512 || /\s/.test(value) || isPlaceholder(value)) return false;
  const classes = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/].filter((one) => one.test(value)).length;
  if (classes < 2) return false;
  // Words joined by signs (`client-credentials`, `com.example.Token`, `?InTemplate`) are names of things.
  if (/^[^A-Za-z0-9]?[A-Za-z]+(?:[-_.:/][A-Za-z]+)*$/.test(value)) return false;
  return entropyOf(value) >= (value.length >= 16 ? 3.2 : 2.75);
}
