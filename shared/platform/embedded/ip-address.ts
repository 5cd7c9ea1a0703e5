import { isIP } from "node:net";

export interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** An IPv4 or IPv6 literal as a number; undefined for anything else (names, zones, ports). */
export function parseAddress(text: string): Address | undefined {
  switch (isIP(text)) {
    case 4:
      return { bits: 32, value: parseV4(text) };
    case 6:
      return text.includes("%") ? undefined : { bits: 128, value: parseV6(text) };
    default:
      return undefined;
  }
}

function parseV4(text: string): bigint {
  return text.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

/** RFC 4291, section 2.2: groups of 16 bits, `::` for a run of zeros, the last 32 bits possibly as IPv4. */
function parseV6(text: string): bigint {
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (embedded !== null) {
    const low = parseV4(embedded[2] ?? "");
    return parseV6(`${embedded[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const [head = "", tail] = text.split("::");
  const groups = (part: string | undefined) => (part === undefined || part === "" ? [] : part.split(":"));
  const before = groups(head);
  const after = groups(tail);
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}
