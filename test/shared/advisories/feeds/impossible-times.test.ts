import { describe, expect, it } from "vitest";
import { madeUpAdvisories } from "../../../../bench/fuzz/made-up-advisories.ts";
import { feeds } from "../../../../shared/advisories/registry.generated.ts";
import type { Feed } from "../../../../shared/advisories/types.ts";

const documents = (feeds as readonly Feed[]).flatMap((feed) =>
  (madeUpAdvisories[feed.name] ?? []).map(({ path, content }) => [feed.name, path, feed, content] as const),
);

describe("days that no calendar has", () => {
  it.each(documents)("in documents of %s (%s) are malformed, or not used", (_name, path, feed, content) => {
    const read = (text: string) => feed.read(Buffer.from(text), { wants: () => true }, path);
    const text = content.toString("utf8");
    expect(read(text).map(({ kind }) => kind)).not.toContain("ignored");
    for (const day of ["2026-16-06", "2026-01-99", "2026-00-00"]) {
      try {
        const records = read(text.replaceAll(/2026-01-[0-9]{2}/g, day));
        for (const record of records) {
          if (record.kind === "advisory") expect(Date.parse(record.advisory.modified)).not.toBeNaN();
        }
      } catch (error) {
        expect(error).toMatchObject({ code: "advisory-malformed" });
      }
    }
  });
});
