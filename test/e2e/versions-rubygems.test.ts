/** Our order against Ruby's `Gem::Version`. */
import { describe, test } from "vitest";
import { rubygemsVersions } from "../shared/versions/schemes/generators.ts";
import { askInBulk, expectAgreement, nastyPairs, realVersions, works } from "../support/version-pairs.ts";

const program = `
STDIN.each_line(chomp: true) do |line|
  pair = line.split("\\t", -1)
  # A blank text is 0 to Gem::Version; to us it says nothing.
  if pair.all? { |text| Gem::Version.correct?(text) && text !~ /\\A\\s*\\z/ }
    a, b = pair.map { |text| Gem::Version.new(text) }
    puts({ -1 => "<", 0 => "=", 1 => ">" }[a <=> b])
  else
    puts "?"
  end
end`;

describe.skipIf(!works("ruby", ["--version"]))(
  "rubygems, against Gem::Version (skipped where there is no Ruby)",
  () => {
    test("no disagreement", () => {
      const letters = "a B pre .pre. rc1 beta .rc.2 .a a.0 .0.a 0a 00a a1b2";
      const other = "-1 -- -java -x86_64-linux _ v ~> é";
      const pieces = [" ", "  ", ...`${letters} ${other}`.split(" ")];
      const pairs = nastyPairs(rubygemsVersions, realVersions("rubygems.ndjson.zst"), pieces);
      const verdicts = askInBulk("ruby", ["-E", "UTF-8", "-e", program], pairs);
      expectAgreement("rubygems", pairs, verdicts);
    });
  },
);
