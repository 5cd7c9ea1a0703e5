import { readFileSync } from "node:fs";
import { CfnOutput, CfnParameter } from "aws-cdk-lib";
import { describe, expect, it } from "vitest";
import { doors } from "../../functions/registry.generated.ts";
import { contextKeys } from "../../infra/options.ts";
import { stackWith } from "./template.ts";

const read = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), "utf8");

/** GitHub's anchors of a page's headings, with the text below each. */
function sectionsOf(page: string): ReadonlyMap<string, string> {
  const parts = page
    .replaceAll(/^```[\s\S]*?^```/gm, "")
    .split(/^#{1,3} /m)
    .slice(1);
  return new Map(
    parts.map((part) => {
      const [title = "", ...lines] = part.split("\n");
      const anchor = title
        .toLowerCase()
        .replaceAll(/[^a-z0-9 _-]/g, "")
        .replaceAll(" ", "-");
      return [anchor, lines.join("\n").trim()];
    }),
  );
}

const runbook = sectionsOf(read("runbook.md"));
const { stack } = stackWith();
const alarms = stack.platform.alarms.all.map(
  ({ node }) => node.defaultChild as { alarmName?: string; alarmDescription?: string },
);

describe("the runbook", () => {
  it.each(doors)("has a section for $name that says something", ({ name }) => {
    expect(runbook.get(name)?.length ?? 0).toBeGreaterThan(150);
  });

  it("has the section that each alarm names", () => {
    expect(alarms.length).toBeGreaterThan(doors.length);
    for (const { alarmName, alarmDescription = "" } of alarms) {
      const [, section = ""] = /docs\/runbook\.md#([a-z0-9-]+)\./.exec(alarmDescription) ?? [];
      expect([alarmName, runbook.has(section)]).toEqual([alarmName, true]);
      expect(alarmDescription.length).toBeLessThanOrEqual(1024);
    }
  });

  it("explains every kind of alarm", () => {
    const table = read("runbook.md").split("\n## ")[0] ?? "";
    for (const { alarmName = "" } of alarms) {
      const door = doors.find(({ name }) => alarmName.startsWith(`portwarden-${name}-`))?.name;
      expect(table).toContain(`\`${door === undefined ? alarmName : alarmName.replace(door, "<door>")}\``);
    }
  });

  it("speaks of no door that is gone", () => {
    const others = ["runbook", "look", "redrive", "quarantine", "stale-advisories", "http-api"];
    const gone = [...runbook.keys()].filter(
      (name) => !others.includes(name) && !doors.some((door) => door.name === name),
    );
    expect(gone).toEqual([]);
  });
});

describe("the deployment guide", () => {
  const guide = read("aws.md");

  it.each(contextKeys)("tells of the context key %s", (key) => {
    expect(guide).toMatch(new RegExp(`^\\|[^|]*\`${key}\``, "m"));
  });

  it("tells of every parameter and output", () => {
    const told = stack.node.children.filter((child) => child instanceof CfnParameter || child instanceof CfnOutput);
    expect(told.length).toBeGreaterThan(5);
    for (const { node } of told) expect(guide).toContain(node.id);
  });

  it("links to sections that exist", () => {
    const pages = { "": guide, runbook: read("runbook.md"), registries: read("registries.md"), aws: guide };
    for (const text of [guide, read("runbook.md")]) {
      for (const [, page = "", anchor = ""] of text.matchAll(/\]\((?:(runbook|registries|aws)\.md)?#([a-z0-9-]+)\)/g)) {
        const target = page === "" ? text : pages[page as keyof typeof pages];
        expect([page, anchor, sectionsOf(target).has(anchor)]).toEqual([page, anchor, true]);
      }
    }
  });
});
