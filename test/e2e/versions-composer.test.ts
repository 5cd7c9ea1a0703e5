/** Our order against the composer/semver that Composer carries. */
import { spawnSync } from "node:child_process";
import { describe, test } from "vitest";
import { composerVersions } from "../shared/versions/schemes/generators.ts";
import { askInBulk, expectAgreement, nastyPairs, type Pair, realVersions } from "../support/version-pairs.ts";

/** Composer is one file with everything in it, or a distribution's package with the classes beside it. */
const classes = `
$root = '/usr/share/php/Composer/Semver';
if (!is_dir($root)) {
  Phar::loadPhar(trim((string) shell_exec('command -v composer')), 'composer.phar');
  $root = 'phar://composer.phar/vendor/composer/semver/src';
}
spl_autoload_register(function ($class) use ($root) {
  require $root . str_replace('\\\\', '/', substr($class, strlen('Composer\\\\Semver'))) . '.php';
});
`;

const program = `${classes}
use Composer\\Semver\\Comparator;
$parser = new Composer\\Semver\\VersionParser();
while (($line = fgets(STDIN)) !== false) {
  try {
    list($a, $b) = array_map([$parser, 'normalize'], explode("\\t", rtrim($line, "\\n")));
  } catch (UnexpectedValueException $invalid) {
    echo "?\\n";
    continue;
  }
  $verdicts = array_filter([
    Comparator::lessThan($a, $b) ? '<' : '',
    Comparator::equalTo($a, $b) ? '=' : '',
    Comparator::greaterThan($a, $b) ? '>' : '',
  ]);
  // Two branches are neither before nor after each other: nothing with a branch is ordered by us.
  $branch = strpos($a, 'dev-') === 0 || strpos($b, 'dev-') === 0;
  echo $branch ? '?' : implode('', $verdicts), "\\n";
}`;

/** A date with two short numbers behind it; composer/semver reads it since 3.4, and as a branch (`-dev`) before. */
const longDate = (text: string) => /^\s*v?[0-9]{4}(?:[.:-]?[0-9]{2}){1,6}(?:[.:-]?[0-9]{1,3}){2}/i.test(text);

const works = spawnSync("php", ["-r", `${classes} new Composer\\Semver\\VersionParser();`], { stdio: "ignore" });

describe.skipIf(works.status !== 0)("composer, against composer/semver (skipped where there is no Composer)", () => {
  test("no disagreement", () => {
    const stabilities = "alpha a beta b RC rc patch pl p stable Stable dev -dev -alpha.1 @dev @beta";
    const branches = "dev-main dev- master .x-dev x * v V";
    const other = "+build #abc .1-2 _ 20100102 2010-01-02 :30 9999999 9223372036854775807 9223372036854775808 é";
    const pieces = [" ", " as ", "1.0 as 2.0", ...`${stabilities} ${branches} ${other}`.split(" ")];
    const pairs = nastyPairs(composerVersions, realVersions("composer.ndjson.zst"), pieces);
    const verdicts = askInBulk("php", ["-r", program], pairs);
    const [newest] = askInBulk("php", ["-r", program], [["20230131.0.0", "20230131.0.0"]]);
    const asked = pairs.map((pair, index) => ({ pair, verdict: verdicts[index] ?? "" }));
    const since34 = (pair: Pair, verdict: string) =>
      newest === "?" && (verdict === "?" || pair.some((text) => /dev/i.test(text))) && pair.some(longDate);
    const counted = asked.filter(({ pair, verdict }) => !since34(pair, verdict));
    expectAgreement(
      "composer",
      counted.map(({ pair }) => pair),
      counted.map(({ verdict }) => verdict),
    );
  });
});
