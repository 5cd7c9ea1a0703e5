/** Our order against the `ComparableVersion` of Maven itself. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "vitest";
import { mavenVersions } from "../shared/versions/schemes/generators.ts";
import { askInBulk, expectAgreement, nastyPairs, realVersions, works } from "../support/version-pairs.ts";

const version = "3.9.11";
const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "portwarden-ci/maven");
const jar = join(cache, `maven-artifact-${version}.jar`);

const program = `
import java.io.*;
import java.nio.charset.StandardCharsets;
import org.apache.maven.artifact.versioning.ComparableVersion;
class Compare {
  public static void main(String[] args) throws IOException {
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var output = new PrintWriter(new BufferedWriter(new OutputStreamWriter(System.out)));
    for (String line; (line = input.readLine()) != null; ) {
      String[] pair = line.split("\\t", -1);
      int order = new ComparableVersion(pair[0]).compareTo(new ComparableVersion(pair[1]));
      output.println(order < 0 ? "<" : order > 0 ? ">" : "=");
    }
    output.flush();
  }
}`;

/** Fetches Maven's own order, once, by its own client. */
function fetched(): boolean {
  if (existsSync(jar)) return true;
  const artifact = `org.apache.maven:maven-artifact:${version}`;
  works("mvn", ["-q", "-B", "dependency:copy", `-Dartifact=${artifact}`, `-DoutputDirectory=${cache}`]);
  return existsSync(jar);
}

describe.skipIf(!works("java", ["--version"]) || !fetched())(
  "maven, against maven-artifact (skipped where there is no Java, or no Maven to fetch it)",
  () => {
    test("no disagreement", () => {
      const known = "alpha beta milestone rc cr snapshot ga final release sp a b m x jre";
      const joined = "-alpha -SNAPSHOT .Final -1 -- -0 .a a1 _ 0000000000 00000000000000000000";
      const other = "123456789 1234567890 123456789012345678 é İ ٣ ० 🙂";
      const pieces = [" ", ...`${known} ${joined} ${other}`.split(" ")];
      const pairs = nastyPairs(mavenVersions, realVersions("maven.ndjson.zst"), pieces);
      const directory = mkdtempSync(join(tmpdir(), "maven-order-"));
      try {
        const source = join(directory, "Compare.java");
        writeFileSync(source, program);
        const verdicts = askInBulk("java", ["-cp", jar, source], pairs);
        expectAgreement("maven", pairs, verdicts);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
  },
);
