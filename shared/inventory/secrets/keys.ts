/** Private keys and the documents that carry one. */
import type { SecretRule, TextOrigin } from "./rule.ts";

/**
 * PEM (RFC 7468), OpenSSH and OpenPGP: the label, then at most 200 characters of headers or escaped line ends, then the
 * body. Line ends may be written as `\n`, as JSON and environment variables do.
 */
const begin = "-----BEGIN (?<label>[A-Z0-9 ]{0,30})PRIVATE KEY(?: BLOCK)?-----";
const pem = new RegExp(`${begin}(?<value>(?:[A-Za-z0-9+/=\\s\\\\:,.()@<>_]|-(?!----)){40,20000}?)-----END `, "g");

function body(value: string): string {
  return value.replaceAll(/\\[nr]|\s/g, "");
}

/** Keys in documentation are cut short with dots, or are not base64 at all. */
function isKeyBody(value: string): boolean {
  if (value.includes("...")) return false;
  return (/[A-Za-z0-9+/=]{60,}/.exec(body(value))?.[0].length ?? 0) >= 60;
}

/** Base64 of `openssh-key-v1`, a zero byte, and the cipher's name with its length: `none`. */
const plainOpenSsh = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU";
const anyOpenSsh = "b3BlbnNzaC1rZXktdjEA";

function isEncrypted(value: string, label: string): boolean {
  if (label.startsWith("ENCRYPTED") || value.includes("Proc-Type: 4,ENCRYPTED")) return true;
  const text = body(value);
  return text.includes(anyOpenSsh) && !text.includes(plainOpenSsh);
}

function named(pattern: RegExp): (origin: TextOrigin) => boolean {
  return (origin) => origin.kind !== "file" || pattern.test(origin.path);
}

export const keyRules: readonly SecretRule[] = [
  {
    id: "gcp-service-account-key",
    title: "Google service account key",
    severity: "critical",
    keywords: ['"private_key"'],
    pattern:
      /"private_key"\s{0,8}:\s{0,8}"-----BEGIN (?:RSA )?PRIVATE KEY-----(?<value>[A-Za-z0-9+/=\\]{200,5000})-----END /g,
    accept: isKeyBody,
  },
  {
    id: "private-key",
    title: "Private key",
    severity: "high",
    keywords: ["PRIVATE KEY"],
    pattern: pem,
    accept: (value, label) => isKeyBody(value) && !isEncrypted(value, label),
  },
  {
    id: "encrypted-private-key",
    title: "Private key, encrypted with a passphrase",
    severity: "medium",
    keywords: ["PRIVATE KEY"],
    pattern: pem,
    accept: (value, label) => isKeyBody(value) && isEncrypted(value, label),
  },
  {
    id: "putty-private-key",
    title: "PuTTY private key",
    severity: "high",
    keywords: ["PuTTY-User-Key-File-"],
    pattern:
      /Encryption: none\r?\nComment: [^\r\n]{0,200}\r?\nPublic-Lines: [0-9]{1,3}\r?\n[A-Za-z0-9+/=\s]{0,4000}?Private-Lines: [0-9]{1,3}\r?\n(?<value>[A-Za-z0-9+/=\s]{60,20000}?)Private-MAC/g,
  },
  {
    id: "kubeconfig-client-key",
    title: "Kubernetes client key",
    severity: "critical",
    keywords: ["client-key-data"],
    // Base64 of `-----BEGIN`.
    pattern: /client-key-data["']?\s{0,8}:\s{0,8}["']?(?<value>LS0tLS1CRUdJTi[A-Za-z0-9+/=]{100,10000})/g,
  },
  {
    id: "kubeconfig-token",
    title: "Kubernetes user token",
    severity: "critical",
    keywords: ["token"],
    pattern: /^\s{0,20}token["']?:\s{0,8}["']?(?<value>[A-Za-z0-9_.-]{20,4000})/gm,
    where: (origin) => origin.kind === "file" && kubeconfig.test(origin.path),
    minimumEntropy: 3.5,
  },
  {
    id: "jwt",
    title: "Signed token (JWT)",
    severity: "medium",
    keywords: ["eyJ"],
    pattern:
      /(?<![A-Za-z0-9_-])(?<value>eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{20,1500})(?![A-Za-z0-9_.-])/g,
    accept: isSecretJwt,
    where: named(/^(?!.*\.(?:md|html?|rst|txt)$)/),
  },
];

const kubeconfig =
  /(?:^|\/)(?:\.kube\/config|kubeconfig[^/]*|[^/]*\.kubeconfig|(?:admin|super-admin|kubelet|scheduler|controller-manager)\.conf)$/;

/**
 * A real signature algorithm, claims that are JSON, and not one of those that are meant for everybody: the example of
 * the format's own site, and keys for anonymous use in pages.
 */
function isSecretJwt(value: string): boolean {
  const [header = "", payload = ""] = value.split(".").map(decoded);
  if (!/"alg"\s*:\s*"(?:HS|RS|ES|PS)(?:256|384|512)"|"alg"\s*:\s*"EdDSA"/.test(header)) return false;
  if (!payload.startsWith("{") || !payload.endsWith("}")) return false;
  return !/"sub"\s*:\s*"1234567890"|"role"\s*:\s*"anon"|John Doe/.test(payload);
}

function decoded(part: string): string {
  return Buffer.from(part, "base64url").toString("utf8");
}
