import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { feed } from "../../../../shared/advisories/feeds/suse/feed.ts";
import { openAdvisories } from "../../../../shared/advisories/set/store.ts";
import { advisorySettings } from "../../../../shared/advisories/settings.ts";
import { xmlDocuments } from "../../../../shared/advisories/sources/xml-documents.ts";
import type { FeedRecord } from "../../../../shared/advisories/types.ts";
import { updateAdvisories } from "../../../../shared/advisories/update/update.ts";
import { matchInventory } from "../../../../shared/matching/match.ts";
import { feedSamples } from "../../../support/feed-samples.ts";
import { sharedData } from "../../../support/shared-data.ts";
import { inventoryOf } from "../../matching/inventory.ts";
import { inDirectory, testPorts } from "../support.ts";
import { fetchPart, readAll, serving } from "./fetcher.ts";

const context = { wants: () => true };

/** `15 SP6 openssl-3: fixed 3.1-1`, sorted, with `(source)` where the name is a source package's. */
function told(records: readonly FeedRecord[]): readonly string[] {
  return records
    .flatMap((record) => {
      if (record.kind !== "advisory") return [record.kind === "ignored" ? `ignored: ${record.reason}` : record.kind];
      return record.affected.map(({ ecosystem, name, affected: { ranges, state, source } }) => {
        const fixed = ranges?.flat().find(([kind]) => kind === "fixed")?.[1];
        const place = ecosystem.replace("SUSE:Linux Enterprise Server ", "").replace("openSUSE:", "");
        return `${place} ${name}${source === true ? " (source)" : ""}: ${fixed ?? state ?? "open"}`;
      });
    })
    .sort();
}

const is = (comment: string) => `<criterion test_ref="t" comment="${comment}"/>`;
const all = (...parts: readonly string[]) => `<criteria operator="AND">${parts.join("")}</criteria>`;
const any = (...parts: readonly string[]) => `<criteria operator="OR">${parts.join("")}</criteria>`;
const on = (product: string, ...packages: readonly string[]) =>
  all(is(`${product} is installed`), any(...packages.map(is)));

/** A definition of SUSE's OVAL. */
const definition = (cve: string, criteria: string, kind = "vulnerability") =>
  `<definition id="oval:org.opensuse.security:def:${cve.replace(/\D/g, "")}" version="1" class="${kind}"><metadata>
    <title>${cve}</title><description>words about ${cve}</description>
    <advisory from="security@suse.de"><issued date="2026-01-01"/><updated date="2026-01-02"/>
    <severity>Important</severity>
    <cve impact="important" cvss3="7.0/CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H" href="x">${cve}</cve></advisory>
    </metadata>${criteria}</definition>`;
const oval = (...definitions: readonly string[]) =>
  `<?xml version="1.0"?><oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5"><definitions>${definitions.join("")}</definitions></oval_definitions>`;

const server = "SUSE Linux Enterprise Server 15 SP6";

function readOval(criteria: string): readonly string[] {
  const bytes = Buffer.from(definition("CVE-2026-0001", criteria));
  expect(feed.recognises(bytes, "x.xml")).toBe(true);
  return told(feed.read(bytes, context, "suse.linux.enterprise.15-sp6-affected.xml"));
}

describe("OVAL", () => {
  test("what is installed is affected below that build; what is affected has no fix; what is not is cleared", () => {
    const criteria = any(
      on(server, "curl-8.6.0-150600.4.1 is installed", "libcurl4 is affected", "wget is not affected"),
      all(any(is("openSUSE Leap 15.6 is installed"), is(`${server} is installed`)), is("python3-x is not affected")),
      on("SUSE Linux Enterprise Server for SAP Applications 15 SP6", "curl-9.9-1.1 is installed"),
      on(server, "curl-debuginfo-8.6.0-150600.4.1 is installed"),
      // Live patches hold together with the kernel that they are for.
      all(is("kernel-default 6.4.0-150600.21.1 is installed"), is("kernel-livepatch-6_4_0 is affected")),
    );
    expect(readOval(criteria)).toEqual([
      "15 SP6 curl: 8.6.0-150600.4.1",
      "15 SP6 libcurl4: open",
      "15 SP6 python3-x: not-affected",
      "15 SP6 wget: not-affected",
      "Leap 15.6 python3-x: not-affected",
    ]);
  });

  test("long term support counts more than a state of the service pack, and less than its fix or denial", () => {
    const longTerm = `${server}-LTSS`;
    const module = "SUSE Linux Enterprise Module for Basesystem 15 SP6";
    const criteria = any(
      on(server, "a is affected", "b-1.0-1.1 is installed", "c is not affected", "d is affected"),
      on(longTerm, "a-1.0-9.1 is installed", "b-1.0-9.1 is installed", "c-1.0-9.1 is installed", "e is affected"),
      on(module, "b-1.0-0.9 is installed"),
      on("SUSE Linux Enterprise Server 15 SP6-LTSS Extended Security", "a-1.0-0.1 is installed"),
    );
    expect(readOval(criteria)).toEqual([
      "15 SP6 a: 1.0-9.1",
      "15 SP6 b: 1.0-0.9",
      "15 SP6 c: not-affected",
      "15 SP6 d: open",
      "15 SP6 e: open",
    ]);
  });

  test("updates are left to OSV; a definition without a CVE is malformed", () => {
    const update = Buffer.from(definition("CVE-2026-0001", on(server, "a is affected"), "patch"));
    expect(told(feed.read(update, context))).toEqual(["ignored: update"]);
    const nameless = Buffer.from(definition("x", on(server, "a is affected")));
    expect(() => feed.read(nameless, context)).toThrow(/cve/);
  });

  test("fetched release by release, and only when one has changed", async () => {
    const path = "suse.linux.enterprise.15-sp6-affected.xml.gz";
    const first = oval(definition("CVE-2026-0001", on(server, "a is affected")));
    await serving({ [path]: gzipSync(first) }, async (upstream) => {
      const outcome = await fetchPart(feed, "15-sp6", upstream);
      if (outcome.unchanged) throw new Error("nothing fetched");
      const [record] = readAll(feed, outcome.documents);
      expect(record).toMatchObject({
        kind: "advisory",
        scope: "suse.linux.enterprise.15-sp6",
        advisory: {
          id: "CVE-2026-0001",
          database: "SUSE",
          severity: "high",
          cvss: { score: 7 },
          url: "https://www.suse.com/security/cve/CVE-2026-0001",
          modified: "2026-01-02T00:00:00.000Z",
        },
      });
      const { remembered } = outcome;
      expect(await fetchPart(feed, "15-sp6", upstream, { remembered })).toMatchObject({ unchanged: true });
      upstream.files.set(path, gzipSync(oval(definition("CVE-2026-0002", on(server, "a is affected")))));
      expect(await fetchPart(feed, "15-sp6", upstream, { remembered })).toMatchObject({ extent: "whole" });
      await expect(fetchPart(feed, "15-sp9", upstream)).rejects.toThrow("no release 15-sp9");
      await expect(fetchPart(feed, "leap.15.6", upstream)).rejects.toThrow("404");
    });
  });
});

interface Vex {
  readonly status: Readonly<Record<string, readonly string[]>>;
  readonly products?: readonly string[];
  /** Part -> purl. */
  readonly parts?: Readonly<Record<string, string>>;
  readonly remediations?: readonly { category: string; details: string; product_ids: readonly string[] }[];
  readonly description?: string;
}

/** A document of SUSE's CSAF VEX. */
function vex({ status, products = [server], parts = {}, remediations = [], description = "words" }: Vex): Buffer {
  const ids = [...new Set(Object.values(status).flat())];
  return Buffer.from(
    JSON.stringify({
      document: {
        aggregate_severity: { namespace: "https://www.suse.com/support/security/rating/", text: "important" },
        category: "csaf_vex",
        notes: [{ category: "description", text: description }],
        publisher: { category: "vendor", namespace: "https://www.suse.com/" },
        tracking: { id: "CVE-2026-0001", current_release_date: "2026-01-02T03:04:05Z" },
      },
      product_tree: {
        branches: [
          {
            branches: [
              ...products.map((name) => ({ product: { product_id: name } })),
              ...Object.entries(parts).map(([id, purl]) => ({
                product: { product_id: id, product_identification_helper: { purl } },
              })),
            ],
          },
        ],
        relationships: ids.map((id) => ({
          full_product_name: { product_id: id },
          product_reference: id.slice(id.indexOf(":") + 1),
          relates_to_product_reference: id.slice(0, id.indexOf(":")),
        })),
      },
      vulnerabilities: [{ cve: "CVE-2026-0001", product_status: status, remediations }],
    }),
  );
}

function readVex(document: Vex): readonly string[] {
  const bytes = vex(document);
  expect(feed.recognises(bytes, "cve-2026-0001.json")).toBe(true);
  return told(feed.read(bytes, context, "cve-2026-0001.json"));
}

describe("CSAF VEX", () => {
  const build = (name: string, version: string, upstream: string) =>
    `pkg:rpm/suse/${name}@${version}?upstream=${upstream}.src.rpm`;

  test("a fix is told by the source package's build; what is recommended counts more than what is first fixed", () => {
    const parts = {
      "libpcre1-8.39-8.3.1": build("libpcre1", "8.39-8.3.1", "pcre-8.39-8.3.1"),
      "libpcre1-8.45-8.7.1": build("libpcre1", "8.45-8.7.1", "pcre-8.45-8.7.1"),
      libpcre1: "pkg:rpm/suse/libpcre1@?upstream=pcre.src.rpm",
      "libopenssl3-3.1.4-150600.5.15.1": build("libopenssl3", "3.1.4-150600.5.15.1", "openssl-3-3.1.4-150600.5.15.1"),
      "libjavascriptcoregtk-4_0-18": "pkg:rpm/suse/libjavascriptcoregtk@4_0-18",
    };
    expect(
      readVex({
        parts,
        status: {
          recommended: [`${server}:libpcre1-8.39-8.3.1`, `${server}:libopenssl3-3.1.4-150600.5.15.1`],
          first_fixed: [`${server}:libpcre1-8.45-8.7.1`],
          // The states of the packages that were fixed since stay in the document.
          known_affected: [`${server}:libpcre1`, `${server}:pcre`, `${server}:libjavascriptcoregtk-4_0-18`],
          known_not_affected: [`${server}:openssl`],
        },
      }),
    ).toEqual([
      "15 SP6 libjavascriptcoregtk-4_0-18 (source): open",
      "15 SP6 libjavascriptcoregtk-4_0-18: open",
      "15 SP6 openssl (source): not-affected",
      "15 SP6 openssl-3 (source): 3.1.4-150600.5.15.1",
      "15 SP6 openssl: not-affected",
      "15 SP6 pcre (source): 8.39-8.3.1",
    ]);
  });

  test("states are SUSE's; products that no image is made of are left out; a CVE that was taken back is no record", () => {
    const sap = "SUSE Linux Enterprise Server for SAP Applications 15 SP6";
    const leap = "openSUSE Leap 15.6";
    const parts = { a: "pkg:rpm/suse/a@?upstream=a.src.rpm", b: "pkg:rpm/suse/b@?upstream=b.src.rpm" };
    const document: Vex = {
      parts,
      products: [server, sap, leap],
      status: {
        known_affected: [`${server}:a`, `${sap}:a`],
        under_investigation: [`${server}:b`, `${leap}:a`],
      },
      remediations: [{ category: "no_fix_planned", details: "", product_ids: [`${server}:a`] }],
    };
    expect(readVex(document)).toEqual([
      "15 SP6 a (source): will-not-fix",
      "15 SP6 b (source): under-investigation",
      "Leap 15.6 a (source): under-investigation",
    ]);
    const description = "** REJECT ** DO NOT USE THIS CANDIDATE NUMBER. Reason: withdrawn by its CNA.";
    expect(readVex({ ...document, description })).toEqual(["ignored: rejected"]);
  });

  test("whatever is changed in a document, it is read or refused", () => {
    const documents = [
      vex({ status: { known_affected: [`${server}:a`], recommended: [`${server}:a-1.0-1.1`] } }),
      Buffer.from(definition("CVE-2026-0001", on(server, "a is affected", "b-1.0-1.1 is installed"))),
    ];
    for (const bytes of documents) {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 32, max: 126 }), (at, value) => {
          const changed = Buffer.from(bytes);
          changed[at] = value;
          try {
            if (feed.recognises(changed, "x")) feed.read(changed, context);
          } catch (error) {
            expect(error).toMatchObject({ code: "advisory-malformed" });
          }
        }),
        { numRuns: 300 },
      );
    }
  });
});

describe("in an image", () => {
  const update = (id: string, module: string, cve: string, fixed: string) => ({
    id,
    modified: "2026-01-01T00:00:00Z",
    related: [cve],
    affected: [
      {
        package: { ecosystem: `SUSE:Linux Enterprise Module for ${module} 15 SP6`, name: "openssl-3" },
        ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed }] }],
        ecosystem_specific: { binaries: [{ libopenssl3: fixed }] },
      },
    ],
  });

  test("updates by source package and verdicts by binary package are one finding; a verdict clears in all shards", async () => {
    const criteria = on(server, "libopenssl3-3.1.4-150600.5.15.1 is installed");
    const files = {
      "updates.ndjson": [
        update("SUSE-SU-2026:0001-1", "Basesystem", "CVE-2026-0001", "3.1.4-150600.5.15.1"),
        update("SUSE-SU-2026:0002-1", "Basesystem", "CVE-2026-0002", "3.1.4-150600.5.20.1"),
      ]
        .map((record) => JSON.stringify(record))
        .join("\n"),
      "suse.linux.enterprise.15-sp6-affected.xml": oval(
        definition("CVE-2026-0001", criteria),
        definition("CVE-2026-0002", on(server, "libopenssl3 is not affected")),
        definition("CVE-2026-0003", on(server, "libopenssl3 is affected")),
      ),
    };
    const ports = testPorts();
    const result = await inDirectory(files, (directory) =>
      updateAdvisories(ports, advisorySettings.parse({ ecosystems: ["SUSE", "openSUSE"] }), directory),
    );
    expect(result.quarantined.first).toEqual([]);
    const source = { name: "openssl-3", version: "3.1.4-150600.5.7.1" };
    const { vulnerabilities } = await matchInventory(
      inventoryOf([{ type: "rpm", name: "libopenssl3", version: "3.1.4-150600.5.7.1", source }], {
        id: "sles",
        versionId: "15.6",
      }),
      await openAdvisories(ports.blobs),
    );
    expect(vulnerabilities.map(({ id, fix, sources }) => [id, fix.state, sources.map((one) => one.id)])).toEqual([
      ["CVE-2026-0001", "fixed", ["CVE-2026-0001", "SUSE-SU-2026:0001-1"]],
      ["CVE-2026-0003", "not-fixed", ["CVE-2026-0003"]],
    ]);
  });
});

describe.skipIf(sharedData === undefined)("real documents (skipped where the shared data is missing)", () => {
  test("definitions of SLE 15", async () => {
    const [bytes] = [...(await feedSamples("vunnel-feed-fixtures", /suse_truncated\.xml$/)).values()];
    const records: FeedRecord[] = [];
    const chunks = (async function* () {
      yield bytes ?? Buffer.alloc(0);
    })();
    for await (const document of xmlDocuments(chunks, "suse.linux.enterprise.server.15.xml")) {
      records.push(...readAll(feed, [document]));
    }
    expect(records.map((record) => (record.kind === "advisory" ? record.advisory.id : record.kind))).toEqual([
      "CVE-1999-0524",
      "CVE-2021-29154",
      "CVE-2010-1323",
      "CVE-2026-34073",
    ]);
    const lines = told(records);
    expect(lines).toContain("15 kernel-default: not-affected");
    expect(lines).toContain("15 kernel-default: 4.12.14-150.72.1");
    expect(lines).toContain("15 SP1 kernel-default: 4.12.14-197.89.2");
    expect(lines).toContain("15 krb5: 1.15.2-4.25");
    expect(lines).toContain("15 python3-cryptography: not-affected");
  });
});
