/**
 * What gives a secret away: the form of its value, or the name of its variable with a value that is no placeholder.
 * Patterns look at bounded text and have no nested repetition, so that a hostile value costs nothing.
 */

export interface SecretRule {
  /** kebab-case: shown in evidence. */
  readonly id: string;
  /** For people, after "has". */
  readonly what: string;
}

/** No known form of secret needs more of the value than this to be recognised. */
const lookedAt = 8192;

interface ValueRule extends SecretRule {
  readonly pattern: RegExp;
}

/** Forms that issuers document for their own credentials. */
const valueRules: readonly ValueRule[] = [
  {
    id: "private-key",
    what: "a private key",
    pattern: /-----BEGIN (?:[A-Z]{2,12} )?(?:ENCRYPTED )?PRIVATE KEY(?: BLOCK)?-----/,
  },
  { id: "aws-access-key", what: "an AWS access key", pattern: /(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])/ },
  { id: "github-token", what: "a GitHub token", pattern: /\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{40}/ },
  { id: "gitlab-token", what: "a GitLab token", pattern: /\bglpat-[A-Za-z0-9_-]{20}/ },
  { id: "slack-token", what: "a Slack token", pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10}/ },
  { id: "slack-webhook", what: "a Slack webhook", pattern: /\bhooks\.slack\.com\/services\/T[A-Za-z0-9]{6}/ },
  { id: "stripe-key", what: "a Stripe key", pattern: /\b[rs]k_live_[A-Za-z0-9]{16}/ },
  { id: "google-api-key", what: "a Google API key", pattern: /\bAIza[A-Za-z0-9_-]{35}/ },
  { id: "npm-token", what: "an npm token", pattern: /\bnpm_[A-Za-z0-9]{36}/ },
  { id: "sendgrid-key", what: "a SendGrid key", pattern: /\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}/ },
  {
    id: "json-web-token",
    what: "a signed token",
    pattern: /\beyJ[A-Za-z0-9_-]{10,4096}\.eyJ[A-Za-z0-9_-]{10,4096}\.[A-Za-z0-9_-]{10}/,
  },
];

/** Names that AWS itself gives to credentials: whatever stands in them is one. */
const credentialNames = new Set(
  "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN ECS_ENGINE_AUTH_DATA".split(" "),
);

/** Words of a name that say "secret", alone or together. */
const passwordWords = new Set(["password", "passwd", "pwd", "passphrase"]);
const secretWords = new Set(["secret", "token", "credential", "credentials", "apikey"]);
const secretPairs = new Set(
  "api key,access key,private key,secret key,encryption key,signing key,auth key,account key".split(","),
);
/** Words that say where the secret is, or something about it, but are not the secret. */
const aboutWords = new Set(
  [
    "file path dir arn name id url uri endpoint host ttl expiry expires expiration timeout",
    "length limit enabled disabled type header issuer audience algorithm policy region version",
    "prefix field ref rotation count min max days hours minutes seconds",
  ].flatMap((line) => line.split(" ")),
);

/** The rule that takes a variable for a secret; `undefined`: none does. */
export function secretRule(name: string, value: string): SecretRule | undefined {
  const text = value.slice(0, lookedAt).trim();
  if (text === "" || isPlaceholder(text) || isReference(text)) return undefined;
  const known = valueRules.find(({ pattern }) => pattern.test(text));
  if (known !== undefined) return { id: known.id, what: known.what };
  if (hasUrlPassword(text)) return { id: "url-credentials", what: "a URL with a password" };
  if (credentialNames.has(name.toUpperCase())) return { id: "credential-name", what: "an AWS credential" };
  if (isSwitch(text)) return undefined;
  const promise = promiseOf(name);
  if (promise === "password") return { id: "password-name", what: "a password" };
  if (promise === "key" && !isPlainSetting(text)) return { id: "secret-name", what: "what its name calls a secret" };
  return undefined;
}

/** `user:password@` in any URL of the text. */
function hasUrlPassword(text: string): boolean {
  for (const match of text.matchAll(/\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/@:]{0,256}:([^\s/@]{1,512})@/gi)) {
    const password = match[1] ?? "";
    if (!isPlaceholder(password)) return true;
  }
  return false;
}

/** Whether a name promises a secret: any text at all (`password`), or a token or key. */
function promiseOf(name: string): "password" | "key" | undefined {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
  const last = words.at(-1) ?? "";
  if (aboutWords.has(last)) return undefined;
  if (last === "pass" || words.some((word) => passwordWords.has(word))) return "password";
  const paired = words.some((word, index) => secretPairs.has(`${word} ${words[index + 1] ?? ""}`));
  return paired || words.some((word) => secretWords.has(word)) ? "key" : undefined;
}

/** What people write where a secret will stand later: nothing to steal. */
function isPlaceholder(text: string): boolean {
  return (
    /^(?:x+|\*+|-+|\.+|none|null|nil|undefined|todo|tbd|change[-_ ]?me|replace[-_ ]?me|redacted|placeholder|dummy)$/i.test(
      text,
    ) ||
    /^<[^<>]{0,100}>$/.test(text) ||
    /^\$?\{\{?[^{}]{0,200}\}\}?$/.test(text) ||
    /^\$[A-Za-z_][A-Za-z0-9_]{0,100}$/.test(text) ||
    /^your[-_ ][a-z0-9-_ ]{1,60}$/i.test(text)
  );
}

/** Names the place of a secret instead of holding it. */
function isReference(text: string): boolean {
  return (
    /^arn:aws[a-z-]*:(?:secretsmanager|ssm|kms):/.test(text) ||
    /^(?:vault|ssm|secretsmanager|awssm):\S{1,512}$/.test(text)
  );
}

/** Switches: `ALLOW_EMPTY_PASSWORD=yes` holds no password. */
function isSwitch(text: string): boolean {
  return /^(?:[01]|true|false|yes|no|on|off|enabled|disabled|required|optional|bearer|basic|jwt)$/i.test(text);
}

/** Values that no token or key has: small numbers, paths and addresses without credentials. Passwords may be any text. */
function isPlainSetting(text: string): boolean {
  return (
    /^\d{1,5}[a-z]{0,2}$/i.test(text) ||
    /^\.{0,2}\/[\w./-]{1,300}$/.test(text) ||
    /^https?:\/\/[^\s@]{1,1000}$/i.test(text)
  );
}
