/**
 * Which network addresses are public. A registry, its redirects and its token service are named by people and by other
 * machines, so none of them may lead into the network that the product itself runs in.
 */
import { isIP } from "node:net";

/** [address, prefix length]; RFC 6890 and its registry of special-purpose addresses. */
const specialIpv4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/**
 * Services that hand out a machine's credentials: EC2, ECS, EKS and most other clouds, Alibaba, Azure's host. Nothing
 * that serves images has such an address, so no setting opens them.
 */
const metadataAddresses: readonly string[] = [
  "169.254.169.254",
  "169.254.169.253",
  "169.254.170.2",
  "169.254.170.23",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
];
const metadataIpv6: readonly string[] = ["fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"];

export type AddressKind = "public" | "private" | "metadata";

/** The kind of an IP address in any spelling; what is no address counts as private. IPv4 inside IPv6 is looked at. */
export function addressKind(address: string): AddressKind {
  const plain = address.split("%")[0] ?? "";
  if (isIP(plain) === 4) return ipv4Kind(ipv4Number(plain));
  if (isIP(plain) === 6) return ipv6Kind(ipv6Groups(plain));
  return "private";
}

function ipv4Kind(value: number): AddressKind {
  if (metadataAddresses.some((one) => ipv4Number(one) === value)) return "metadata";
  const special = specialIpv4.some(([network, bits]) => {
    const size = 2 ** (32 - bits);
    return Math.floor(value / size) === Math.floor(ipv4Number(network) / size);
  });
  return special ? "private" : "public";
}

function ipv6Kind(groups: readonly number[]): AddressKind {
  if (metadataIpv6.some((one) => ipv6Groups(one).join() === groups.join())) return "metadata";
  const [first = 0, second = 0, third = 0] = groups;
  const low = embedded(groups, 6);
  const leadingZeros = groups.slice(0, 5).every((group) => group === 0);
  // ::ffff:a.b.c.d (mapped), and ::a.b.c.d, which is deprecated and covers ::1.
  if (leadingZeros && groups[5] === 0xffff) return ipv4Kind(low);
  if (leadingZeros && groups[5] === 0) return worse(ipv4Kind(low), "private");
  // RFC 6052: NAT64, which networks with IPv6 only use to reach public IPv4 addresses.
  if (first === 0x64 && second === 0xff9b && groups.slice(2, 6).every((group) => group === 0)) return ipv4Kind(low);
  // RFC 3056: 6to4 carries the IPv4 address in its second and third group.
  if (first === 0x2002) return worse(ipv4Kind(second * 0x1_0000 + third), "private");
  const globalUnicast = first >= 0x2000 && first <= 0x3fff;
  // 2001::/23 is for protocols (Teredo among them), 2001:db8::/32 and 3fff::/20 for documentation.
  const special = (first === 0x2001 && (second < 0x200 || second === 0xdb8)) || (first === 0x3fff && second < 0x1000);
  return globalUnicast && !special ? "public" : "private";
}

function worse(found: AddressKind, atLeast: "private"): AddressKind {
  return found === "metadata" ? found : atLeast;
}

function embedded(groups: readonly number[], at: number): number {
  return (groups[at] ?? 0) * 0x1_0000 + (groups[at + 1] ?? 0);
}

function ipv4Number(text: string): number {
  return text.split(".").reduce((value, part) => value * 256 + Number(part), 0);
}

/** The eight groups of a valid IPv6 address. */
function ipv6Groups(text: string): readonly number[] {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const hexadecimal = dotted === null ? text : `${dotted[1]}${asGroups(ipv4Number(dotted[2] ?? ""))}`;
  const [head = "", tail] = hexadecimal.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  return [...front, ...Array.from({ length: zeros }, () => "0"), ...back].map((group) => Number.parseInt(group, 16));
}

function asGroups(value: number): string {
  return `${Math.floor(value / 0x1_0000).toString(16)}:${(value % 0x1_0000).toString(16)}`;
}
