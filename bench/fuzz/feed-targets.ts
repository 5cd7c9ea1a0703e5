/** Feeds, and what their documents are read out of. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { cvssScorer } from "../../shared/advisories/reading/cvss.ts";
import {
  cargoRequirements,
  composerRequirements,
  gemRequirements,
} from "../../shared/advisories/reading/requirements.ts";
import { parseYaml } from "../../shared/advisories/reading/yaml-document.ts";
import { feeds } from "../../shared/advisories/registry.generated.ts";
import { decompressed } from "../../shared/advisories/sources/compressed.ts";
import { documentsOf } from "../../shared/advisories/sources/files.ts";
import { jsonMembers, jsonMembersOf } from "../../shared/advisories/sources/json-members.ts";
import { linesOf } from "../../shared/advisories/sources/lines.ts";
import { tarFiles } from "../../shared/advisories/sources/tar.ts";
import { parseXml, xmlElements } from "../../shared/advisories/sources/xml.ts";
import type { Feed, FeedRecord } from "../../shared/advisories/types.ts";
import { tar, zip } from "../../test/shared/advisories/archives.ts";
import type { AdvisorySamples } from "./advisory-samples.ts";
import { madeUpAdvisories } from "./made-up-advisories.ts";
import { inPieces, mustHold, outcomeOf } from "./must-hold.ts";
import type { Random } from "./random.ts";
import type { Sample } from "./samples.ts";
import type { Target } from "./target.ts";

/** Every feed, and every reader of their sources. */
export function feedTargets({ documents }: AdvisorySamples): Target[] {
  const allFeeds: readonly Feed[] = feeds;
  const madeUp = Object.values(madeUpAdvisories).flat();
  return [
    ...allFeeds.map((feed): Target => {
      const own = documents.get(feed.name) ?? [];
      // A feed that has no document here yet is at least shown those of the others.
      const samples = own.length > 0 ? own : madeUp;
      return {
        name: `feed ${feed.name}`,
        samples,
        weight: 3,
        strict: true,
        run: (bytes, path) => read(feed, bytes, path),
      };
    }),
    ...sourceTargets(documents),
    ...textTargets(),
  ];
}

const context = { wants: () => true };

function read(feed: Feed, bytes: Buffer, path: string): void {
  feed.recognises(bytes, path);
  for (const record of feed.read(bytes, context, path)) checkRecord(record);
}

/** What the spool's lines and the manifest rely on. */
function checkRecord(record: FeedRecord): void {
  const isField = (text: string) => !/[\t\r\n]/.test(text);
  if (record.kind === "row") mustHold(isField(record.key), "a row's key is of one line");
  if (record.kind !== "advisory") return;
  const { advisory, affected, scope = "" } = record;
  mustHold(isField(advisory.id) && advisory.id !== "", "an id is of one line");
  mustHold(isField(scope), "a scope is of one line");
  mustHold(!Number.isNaN(Date.parse(advisory.modified)), "the time of the last change is one");
  mustHold(advisory.modified === new Date(advisory.modified).toISOString(), "times are written alike");
  mustHold(isField(advisory.summary), "a summary is of one line");
  for (const { ecosystem, name } of affected) {
    mustHold(isField(ecosystem) && isField(name) && name !== "", "a package's name is of one line");
  }
}

/** `{"a": [1, 2, 3]}` and a newline, twenty times. */
const packed: readonly Sample[] = [
  ["x.bz2", "QlpoOTFBWSZTWfYOIAEAAJ/bgAAQUAQ4EAAKIAAACiAAUIBoAClUAaZNE5E9JkmiekwTJMCfE2Jkm5Mk0T8XckU4UJD2DiAB"],
  [
    "x.xz",
    "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AFTABpdAD2IiCI3KEFaVXYPCrsg03HtDe6z92ISIAAAAAAAbpFyhU+YIBQAATbUAgAAAH8hCsexxGf7AgAAAAAEWVo=",
  ],
].map(([path = "", text = ""]) => ({ path, content: Buffer.from(text, "base64") }));

function sourceTargets(documents: AdvisorySamples["documents"]): Target[] {
  const all = [...documents.values()].flat();
  const ending = (pattern: RegExp) => all.filter(({ path }) => pattern.test(path)).slice(0, 40);
  const jsonSamples = all.filter(({ content }) => content[0] === 0x7b || content[0] === 0x5b).slice(0, 60);
  const some = Object.fromEntries(
    jsonSamples.slice(0, 4).map(({ content }, n) => [`a/${n}.json`, content.toString("utf8")]),
  );
  const archive = tar(some);
  const compressed = [
    { path: "x.gz", content: gzipSync(archive) },
    { path: "x.zst", content: Buffer.concat([zstdCompressSync(archive), zstdCompressSync(archive)]) },
    ...packed,
  ];
  const xmlSamples = all.filter(({ content }) => content.subarray(0, 400).includes("<")).slice(0, 40);
  return [
    { name: "source json-members", samples: jsonSamples, weight: 8, strict: true, run: readMembers },
    { name: "source lines", samples: ending(/\.(?:csv|md|txt)$/), weight: 5, strict: true, run: readLines },
    { name: "source xml", samples: xmlSamples, weight: 8, strict: true, run: readXml },
    {
      name: "source yaml",
      samples: ending(/\.ya?ml$/),
      weight: 5,
      strict: true,
      run: (bytes) => void parseYaml(bytes),
    },
    { name: "source tar", samples: [{ path: "x.tar", content: archive }], weight: 8, strict: true, run: readTar },
    {
      name: "source compressed",
      samples: compressed,
      weight: 1,
      strict: true,
      async run(bytes, _path, random) {
        const most = 1 + random.below(bytes.length + 1);
        for await (const _piece of decompressed(inPieces(bytes, most), 8 << 20, random.oneIn(2)));
      },
    },
    { name: "source files", samples: fileSamples(some, archive, all), weight: 1, strict: true, run: readFile },
  ];
}

function fileSamples(some: Readonly<Record<string, string>>, archive: Buffer, all: readonly Sample[]): Sample[] {
  return [
    { path: "a.zip", content: zip(some) },
    { path: "a.tar", content: archive },
    { path: "a.tar.gz", content: gzipSync(archive) },
    {
      path: "a.ndjson",
      content: Buffer.from(
        all
          .slice(0, 5)
          .map(({ content }) => `${content.toString("latin1")}\n`)
          .join(""),
      ),
    },
  ];
}

/** In pieces as at once: the same members, or an error. */
async function readMembers(bytes: Buffer, _path: string, random: Random): Promise<void> {
  const path = random.pick([[], ["vulnerabilities"], ["data"], ["packages"]]) ?? [];
  const streamed = await outcomeOf(jsonMembers(inPieces(bytes, 1 + random.below(bytes.length + 1)), path));
  let whole: ReturnType<typeof jsonMembersOf> | undefined;
  try {
    whole = jsonMembersOf(bytes, path);
  } catch (thrown) {
    mustHold("thrown" in streamed, "what is refused at once is refused in pieces");
    throw thrown;
  }
  if ("thrown" in streamed) throw streamed.thrown;
  mustHold(streamed.length === whole.length, "as many members in pieces as at once");
  mustHold(
    streamed.every(
      (member, index) =>
        whole[index]?.key === member.key && whole[index]?.bytes?.equals(member.bytes ?? empty) === true,
    ),
    "the same members in pieces as at once",
  );
}

const empty = Buffer.alloc(0);

async function readLines(bytes: Buffer, _path: string, random: Random): Promise<void> {
  const lines: Buffer[] = [];
  for await (const line of linesOf(inPieces(bytes, 1 + random.below(200)))) if (line !== undefined) lines.push(line);
  const told = bytes
    .toString("latin1")
    .split("\n")
    .filter((line) => line !== "");
  mustHold(lines.map((line) => line.toString("latin1")).join("\n") === told.join("\n"), "the lines are the text's");
}

const elements = new Set(["definition", "update"]);

async function readXml(bytes: Buffer, _path: string, random: Random): Promise<void> {
  const found = await outcomeOf(xmlElements(inPieces(bytes, 1 + random.below(bytes.length + 1)), elements, 1 << 18));
  for (const element of "thrown" in found ? [bytes] : [bytes, ...found]) {
    if (element !== undefined) await typed(() => parseXml(element));
  }
  if ("thrown" in found) throw found.thrown;
}

/** Goes on after an error of ours: the next piece is to be read as well. */
async function typed(use: () => unknown): Promise<void> {
  try {
    await use();
  } catch (thrown) {
    if (
      !(
        thrown instanceof Error &&
        "code" in thrown &&
        typeof thrown.code === "string" &&
        thrown.code.startsWith("advisor")
      )
    ) {
      throw thrown;
    }
  }
}

async function readTar(bytes: Buffer, _path: string, random: Random): Promise<void> {
  const most = 1 + random.below(4096);
  for await (const { bytes: body } of tarFiles(inPieces(bytes, most), () => !random.oneIn(5), 64 * 1024)) {
    mustHold((body?.length ?? 0) <= 64 * 1024, "no file is larger than allowed");
  }
}

async function readFile(bytes: Buffer, path: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "portwarden-fuzz-"));
  try {
    writeFileSync(join(directory, path), bytes);
    for await (const _document of documentsOf(join(directory, path), path));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Short texts inside documents that have a grammar of their own. */
function textTargets(): Target[] {
  const score = cvssScorer();
  const requirements: Sample[] = [
    [">= 1.2.3, < 2", "^2.0.1 || ~1.0", "~> 2.0.9", "!= 2.2.0", "1.*", ">=2.3.0,<2.3.27", "1.0 - 2.0", "*"],
  ].flatMap((list) => list.map((line) => ({ path: "requirement", content: Buffer.from(line) })));
  const vectors: Sample[] = [
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O/RC:C",
    "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
    "AV:N/AC:L/Au:N/C:P/I:P/A:P",
  ].map((line) => ({ path: "vector", content: Buffer.from(line) }));
  return [
    {
      name: "requirements",
      samples: requirements,
      weight: 5,
      strict: true,
      run(bytes) {
        const text = bytes.toString("utf8").slice(0, 500);
        for (const reader of [cargoRequirements, composerRequirements, gemRequirements]) {
          try {
            reader.interval([text]);
          } catch (thrown) {
            mustHold(thrown instanceof Error && "code" in thrown, `a typed error, not ${String(thrown)}`);
          }
        }
      },
    },
    {
      name: "cvss",
      samples: vectors,
      weight: 3,
      strict: true,
      run(bytes) {
        for (const type of ["CVSS_V2", "CVSS_V3", "CVSS_V4"]) {
          const given = score([{ type, score: bytes.toString("utf8").slice(0, 300) }]);
          mustHold(given === undefined || (given.score >= 0 && given.score <= 10), "a score is between 0 and 10");
        }
      },
    },
  ];
}
