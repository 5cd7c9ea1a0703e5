import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressKind } from "../../../shared/registry/client/addresses.ts";
import { checkLiteral, guardedLookup } from "../../../shared/registry/client/connect.ts";
import { hostMatcher, networkPolicy } from "../../../shared/registry/client/policy.ts";

describe("kinds of addresses", () => {
  test.each(["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "192.167.1.1", "100.63.0.1", "223.255.255.255"])(
    "%s is public",
    (address) => expect(addressKind(address)).toBe("public"),
  );
  test.each(["2606:4700::1111", "2a00:1450:4001::200e", "::ffff:8.8.8.8", "64:ff9b::808:808"])(
    "%s is public",
    (address) => expect(addressKind(address)).toBe("public"),
  );
  test.each([
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.1.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "0:0:0:0:0:ffff:c0a8:1",
    "::127.0.0.1",
    "::a00:1",
    "64:ff9b::a00:1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2002:808:808::",
    "3fff::1",
    "4000::1",
    "100::1",
    "",
    "localhost",
    "1.2.3",
    "1.2.3.4.5",
    "::g",
  ])("%j is private", (address) => expect(addressKind(address)).toBe("private"));
  test.each([
    "169.254.169.254",
    "169.254.170.2",
    "168.63.129.16",
    "100.100.100.200",
    "fd00:ec2::254",
    "FD00:EC2:0::254",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "::169.254.169.254",
  ])("%s is a metadata service", (address) => expect(addressKind(address)).toBe("metadata"));

  test("an IPv4 address inside an IPv6 address is never more public than by itself", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const kind = addressKind(address);
        expect(addressKind(`::ffff:${address}`)).toBe(kind);
        expect(addressKind(`64:ff9b::${address}`)).toBe(kind);
        if (kind !== "public") expect(addressKind(`::${address}`)).not.toBe("public");
      }),
    );
  });

  test("every spelling of an IPv6 address has one kind", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        if (isIP(address) !== 6) return;
        const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
        expect(addressKind(address)).toBe(addressKind(canonical));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("connections", () => {
  const answering = (...addresses: string[]) =>
    ((_name: string, _options: object, done: (error: null, found: object[]) => void) =>
      done(
        null,
        addresses.map((address) => ({ address, family: isIP(address) })),
      )) as never;
  const resolve = (reach: "public" | "private", all: boolean, ...addresses: string[]) =>
    new Promise((resolve, reject) => {
      guardedLookup(reach, answering(...addresses))("name.example", { all }, (error, found) => {
        if (error === null) resolve(found);
        else reject(error);
      });
    });
  const refused = expect.objectContaining({ code: "registry-not-allowed" });

  test("only public addresses of a name are used", async () => {
    await expect(resolve("public", false, "10.0.0.1", "9.9.9.9")).resolves.toBe("9.9.9.9");
    await expect(resolve("public", true, "::1", "9.9.9.9", "::ffff:10.0.0.1")).resolves.toEqual([
      { address: "9.9.9.9", family: 4 },
    ]);
    await expect(resolve("public", false, "10.0.0.1")).rejects.toEqual(refused);
    await expect(resolve("public", true, "::1", "127.0.0.1")).rejects.toEqual(refused);
  });

  test("private ones when allowed, a metadata service never", async () => {
    await expect(resolve("private", false, "10.0.0.1")).resolves.toBe("10.0.0.1");
    await expect(resolve("private", false, "169.254.169.254")).rejects.toEqual(refused);
    await expect(resolve("private", true, "fd00:ec2::254")).rejects.toEqual(refused);
  });

  test.each([
    "http://127.1/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::1]/",
  ])("%s is seen through", (text) => {
    const { hostname } = new URL(text);
    expect(() => checkLiteral(hostname, "public")).toThrowError(refused);
    expect(() => checkLiteral(hostname, "private")).not.toThrow();
  });
});

describe("the settings' hosts", () => {
  test.each([
    ["ghcr.io", "ghcr.io", true],
    ["ghcr.io", "GHCR.io", true],
    ["ghcr.io", "ghcr.io:8443", true],
    ["ghcr.io:443", "ghcr.io:8443", false],
    ["*.azurecr.io", "team.azurecr.io", true],
    ["*.azurecr.io", "azurecr.io", false],
    ["*.azurecr.io", "team.azurecr.io.evil.example", false],
    ["*.dkr.ecr.*.amazonaws.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com", true],
    ["127.0.0.1", "127.0.0.1:5000", true],
    ["127.0.0.1:5000", "127.0.0.1:5000", true],
    ["127.0.0.1:*", "127.0.0.1:5000", true],
    ["[::1]:5000", "[::1]:5000", true],
    ["[::1]", "[::1]:5000", true],
    ["!ghcr.io", "quay.io", false],
    // Only the star means something: several hosts are several entries.
    ["{ghcr,quay}.io", "quay.io", false],
    ["*.dkr.ecr.*.amazonaws.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com", true],
    ["a*a", "a", false],
  ])("%s for %s: %s", (glob, host, expected) => expect(hostMatcher([glob])(host)).toBe(expected));

  test("plain HTTP only where the settings say so", () => {
    const policy = networkPolicy({
      allow: [],
      insecure: ["old.example:5000"],
      allowPrivate: ["127.0.0.1", "10.0.0.5"],
    });
    expect(policy.schemeOf("old.example:5000")).toBe("http:");
    expect(policy.schemeOf("old.example")).toBe("https:");
    expect(policy.schemeOf("127.0.0.1:5000")).toBe("http:");
    expect(policy.schemeOf("localhost:5000")).toBe("https:");
    expect(policy.schemeOf("10.0.0.5")).toBe("https:");
    expect(policy.schemeOf("ghcr.io")).toBe("https:");
  });
});
