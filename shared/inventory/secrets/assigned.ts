/** Secrets that are known by what they are assigned to, or by the file they stand in. */
import type { SecretRule, TextOrigin } from "./rule.ts";
import { isExampleToken, isPlaceholder, looksChosen } from "./values.ts";

function inFiles(pattern: RegExp): (origin: TextOrigin) => boolean {
  return (origin) => origin.kind === "file" && pattern.test(origin.path);
}

const npmrc = /(?:^|\/)\.?(?:npmrc|yarnrc|yarnrc\.yml|bunfig\.toml)$/;
const dockerConfig =
  /(?:^|\/)(?:\.docker\/config\.json|kaniko\/config\.json|\.dockercfg|\.dockerconfigjson|auth\.json)$/;
/** Files of settings, in which a value may stand without quotes; and source code, in which such a value is code. */
const settings =
  /(?:^|\/)\.env[^/]*$|\.(?:env|properties|ya?ml|ini|conf|cnf|cfg|toml|tfvars|tfstate|json|config|rc)$|(?:^|\/)(?:\.envrc|credentials|config|environment|\.[a-z]+rc|\.my\.cnf|\.s3cfg|\.boto)$/;
const code = /\.(?:sh|php|py|rb|js|cjs|mjs|ts|xml)$|(?:^|\/)(?:[^/]*Dockerfile|Jenkinsfile|\.[a-z]+_history)$/;

/** Names that end in what holds a secret, and not in what tells of one (`PASSWORD_FILE`, `TOKEN_URL`). */
const secretName =
  "[A-Za-z0-9_.-]{0,60}?(?:pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key|(?:secret|access|private|encryption|signing|master|auth|account|storage|session|service|app)[_-]?key|credentials?)[0-9]{0,2}";

/** `NAME=value`, `name: value`, `"name": "value"`, `name => 'value'`, `define('name', 'value')`. */
const quoted = `"(?<double>[^"\\r\\n]{8,512})"|'(?<single>[^'\\r\\n]{8,512})'`;
function assignment(values: string): RegExp {
  return new RegExp(
    `(?<![A-Za-z0-9_.-])["']?(?<name>${secretName})["']?[ \\t]{0,8}(?:=>|:=|=|:|,(?=[ \\t]?["']))[ \\t]{0,8}(?:${values})`,
    "gi",
  );
}

export const assignedRules: readonly SecretRule[] = [
  {
    id: "aws-secret-access-key",
    title: "AWS secret access key",
    severity: "critical",
    pattern:
      /(?:aws|secret)[A-Za-z_.-]{0,30}key["']?[ \t]{0,8}(?:=>|:=|=|:)[ \t]{0,8}["']?(?<value>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/gi,
    minimumEntropy: 4,
    accept: (value) => !isExampleToken(value) && !/^[a-f0-9]{40}$/.test(value),
  },
  {
    id: "npmrc-auth",
    title: "Registry credentials in npm's configuration",
    severity: "critical",
    keywords: ["_auth", "_password", "npmAuth", "token"],
    pattern:
      /(?:^|[:\s])(?:_authToken|_auth|_password|npmAuthToken|npmAuthIdent|token)["']?\s{0,4}[=:]\s{0,4}["']?(?<value>[^\s"']{8,512})/gm,
    where: inFiles(npmrc),
    accept: (value) => !isPlaceholder(value) && !isExampleToken(value),
  },
  {
    id: "docker-registry-auth",
    title: "Registry credentials in a Docker configuration",
    severity: "critical",
    keywords: ['"auth"', '"identitytoken"', '"registrytoken"', '"password"'],
    pattern: /"(?:auth|identitytoken|registrytoken|password)"\s{0,8}:\s{0,8}"(?<value>[^"\s]{8,4000})"/g,
    where: inFiles(dockerConfig),
    accept: (value) => !isPlaceholder(value) && !isExampleToken(value),
  },
  {
    id: "netrc-password",
    title: "Password in .netrc",
    severity: "high",
    keywords: ["password"],
    pattern: /\bpassword\s{1,8}(?<value>\S{4,512})/g,
    where: inFiles(/(?:^|\/)[._]netrc$/),
    accept: (value) => !isPlaceholder(value),
    guessable: true,
  },
  {
    id: "pgpass-password",
    title: "Password in .pgpass",
    severity: "high",
    pattern: /^(?!#)(?:[^:\r\n]{1,255}:){4}(?<value>[^\r\n]{4,512})$/gm,
    where: inFiles(/(?:^|\/)\.pgpass$/),
    accept: (value) => !isPlaceholder(value),
    guessable: true,
  },
  {
    id: "pypirc-password",
    title: "Password in .pypirc",
    severity: "high",
    keywords: ["password"],
    pattern: /^\s{0,8}password\s{0,8}[=:]\s{0,8}(?<value>\S{4,512})/gm,
    where: inFiles(/(?:^|\/)\.pypirc$/),
    accept: (value) => !isPlaceholder(value),
    guessable: true,
  },
  {
    id: "password-hash",
    title: "Password hash of a system user",
    severity: "medium",
    keywords: ["$"],
    pattern: /^[^:\s]{1,64}:(?<value>\$(?:1|2[aby]|5|6|7|y|gy|apr1)\$[^:\s]{10,200})/gm,
    where: inFiles(/^etc\/(?:shadow|passwd)-?$|(?:^|\/)\.htpasswd$/),
  },
  {
    id: "url-credentials",
    title: "Password in an address",
    severity: "high",
    keywords: ["://"],
    pattern:
      /(?<![A-Za-z0-9+.-])[a-z][a-z0-9+.-]{1,30}:\/\/(?<name>[^\s:/@"'<>]{0,128}):(?<value>[^\s:/@"'<>]{4,256})@[A-Za-z0-9[][A-Za-z0-9.-]{0,253}/gi,
    accept: (value, user) => value !== user && !isPlaceholder(value) && !isExampleToken(value) && !isTemplate(value),
    guessable: true,
  },
  {
    id: "authorization-header",
    title: "Credentials in a request header",
    severity: "high",
    keywords: ["uthorization"],
    pattern:
      /[Aa]uthorization["']?\s{0,4}[:=]\s{0,4}["']?(?:Basic|Bearer|token)\s{1,4}(?<value>[A-Za-z0-9+/=._~-]{16,4000})/g,
    minimumEntropy: 3.2,
    accept: (value) => !isPlaceholder(value) && !isExampleToken(value),
  },
  {
    id: "password-argument",
    title: "Password on a command line",
    severity: "high",
    keywords: ["--pass", "--token", "--secret", "sshpass", "--api-key"],
    pattern:
      /(?:--(?:password|passwd|passphrase|token|secret|api-key)(?:=|[ \t]{1,4})|sshpass[ \t]{1,4}-p[ \t]{0,4})["']?(?<value>[^\s"';&|]{6,256})/g,
    where: (origin) =>
      origin.kind === "history" || /(?:\.sh|_history|Dockerfile)$/.test("path" in origin ? origin.path : ""),
    accept: looksChosen,
    guessable: true,
  },
  {
    id: "assigned-secret",
    title: "Password or key in a setting",
    severity: "medium",
    // Without quotes, the value ends with the word.
    pattern: assignment(`${quoted}|(?<value>[^\\s"'#,;]{8,512})`),
    where: (origin) => origin.kind !== "file" || settings.test(origin.path),
    accept: (value, name) => looksChosen(value) && !tellsOfSecret.test(name),
    guessable: true,
  },
  {
    id: "hard-coded-secret",
    title: "Password or key in source code",
    severity: "medium",
    pattern: assignment(quoted),
    where: inFiles(code),
    accept: (value, name) => looksChosen(value) && !tellsOfSecret.test(name),
    guessable: true,
  },
];

/** Names whose values are public: public keys and tokens, and counters of tokens. */
const tellsOfSecret =
  /public|max[_-]?token|csrf|xsrf|next[_-]?page|cancellation|anti[_-]?forgery|(?:^|[_.-])id[_-]?token$/i;

/** Part of an address that a program fills in. */
function isTemplate(value: string): boolean {
  return /[{}$%()*]/.test(value) && !/%[0-9a-f]{2}/i.test(value);
}
