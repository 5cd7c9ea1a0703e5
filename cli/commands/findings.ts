import { type Command, Option } from "commander";
import * as schemas from "../../shared/api/schemas.ts";
import { findingKinds, findingStates, severities } from "../../shared/findings/types.ts";
import { componentOf } from "../../shared/scanning/report.ts";
import { type VexJustification, vexJustifications } from "../../shared/vex/types.ts";
import { openVexSchema } from "../../shared/vex/write.ts";
import { type ClientOptions, connect } from "../client.ts";
import { UsageError } from "../exit.ts";
import { writeOutput } from "../output.ts";
import { clean, cleanLines, paint, paintSeverity, table } from "../terminal.ts";
import { type ListOptions, more, type OutputOptions, platformOptions, print } from "./platform.ts";

interface FindingListOptions extends ListOptions {
  readonly state: string;
  readonly kind?: string;
  readonly severity?: string;
  readonly rule?: string;
  readonly image?: string;
  readonly fixable?: boolean;
  readonly exploited?: boolean;
  readonly running?: boolean;
}

interface AcceptOptions extends OutputOptions {
  readonly reason: string;
  readonly until: string;
  readonly vex?: VexJustification;
}

interface VexOptions extends ClientOptions {
  readonly repository?: string;
  readonly image?: string;
  readonly output?: string;
}

const flag = (value: boolean | undefined) => (value === undefined ? undefined : String(value));

export function registerFindings(program: Command): void {
  const findings = program.command("findings").description("Findings of the platform");
  platformOptions(findings.command("list"))
    .description("Findings by priority: known exploited and critical first, and of equal ones those that run")
    .addOption(new Option("--state <state>", "life cycle state").choices(findingStates).default("open"))
    .addOption(new Option("--severity <severity>", "at least this severity").choices(severities))
    .addOption(new Option("--kind <kind>", "kind of finding").choices(findingKinds))
    .option("--rule <id>", "a CVE, an advisory or a check")
    .option("--repository <name>", "registry/repository")
    .option("--image <name>", "registry/repository@digest")
    .option("--fixable", "only what has a fix")
    .option("--exploited", "only what is known to be exploited")
    .option("--running", "only what runs now")
    .option("--limit <number>", "results per page", "50")
    .option("--cursor <cursor>", "continue after a page")
    .action(async (options: FindingListOptions) => {
      const { state, severity, kind, rule, repository, image, limit, cursor } = options;
      const [fixable, exploited, running] = [options.fixable, options.exploited, options.running].map(flag);
      const text = { state, severity, kind, rule, repository, image, limit, cursor };
      const query = { ...text, fixable, exploited, running };
      const page = await connect(options).get("/v1/findings", schemas.findingPage, query);
      print(options, page, () => findingTable(page.findings) + more(page.next));
    });
  platformOptions(findings.command("show"))
    .description("One finding: evidence and timeline")
    .argument("<id>", "the finding's id")
    .action(async (id: string, options: OutputOptions) => {
      const answer = await connect(options).get(`/v1/findings/${encodeURIComponent(id)}`, schemas.findingWithTimeline);
      print(options, answer, () => findingText(answer));
    });
  platformOptions(findings.command("accept"))
    .description("Accept the risk of a finding until a date")
    .argument("<id>", "the finding's id")
    .requiredOption("--reason <text>", "why the risk is acceptable")
    .requiredOption("--until <date>", "when the acceptance ends: 2027-01-31, or a time in ISO 8601")
    .addOption(
      new Option("--vex <justification>", "it does not affect the image, and this is why").choices(vexJustifications),
    )
    .action(async (id: string, options: AcceptOptions) => {
      const until = new Date(options.until);
      if (Number.isNaN(until.getTime())) throw new UsageError(`--until ${options.until} is not a date`);
      const answer = await connect(options).post(
        `/v1/findings/${encodeURIComponent(id)}/accept`,
        schemas.findingWithTimeline,
        {
          reason: options.reason,
          until: until.toISOString(),
          ...(options.vex === undefined ? {} : { vex: options.vex }),
        },
      );
      print(options, answer, () => findingText(answer));
    });
  registerVex(findings);
}

function registerVex(findings: Command): void {
  findings
    .command("vex")
    .description("Accepted vulnerabilities of images as an OpenVEX document, for other tools")
    .option("--data <dir>", "data directory of the platform on this machine", ".portwarden")
    .option("--url <url>", "address of a platform elsewhere (or PORTWARDEN_URL)")
    .option("--token <token>", "its token (or PORTWARDEN_TOKEN)")
    .option("--repository <name>", "registry/repository")
    .option("--image <name>", "registry/repository@digest")
    .option("--output <file>", "write there instead of standard output")
    .action(async (options: VexOptions) => {
      const { repository, image } = options;
      const document = await connect(options).get("/v1/vex", openVexSchema, { repository, image });
      writeOutput(JSON.stringify(document, undefined, 2), options.output);
    });
}

type FindingPage = (typeof schemas.findingPage)["_output"];
type FindingView = (typeof schemas.findingWithTimeline)["_output"];
type Finding = FindingPage["findings"][number];

function componentText(finding: Finding): string {
  const component = componentOf(finding);
  return component === undefined ? finding.subject : `${component.name} ${component.version}`;
}

export function findingTable(findings: readonly Finding[]): string {
  if (findings.length === 0) return "no findings match";
  return table(findings, [
    {
      title: "SEVERITY",
      value: ({ severity }) => severity,
      paint: ({ severity }, text) => paintSeverity(severity, text),
    },
    { title: "RULE", value: ({ rule, exploited }) => (exploited ? `${rule} (exploited)` : rule), width: 40 },
    { title: "COMPONENT", value: componentText, width: 40 },
    { title: "FIX", value: ({ fixedVersion }) => fixedVersion ?? "-", width: 24 },
    {
      title: "RESOURCE",
      value: ({ resource }) => resource.id.replace(/@(sha256:[a-f0-9]{12})[a-f0-9]*$/, "@$1"),
      width: 60,
    },
    { title: "RUNNING", value: ({ running }) => running.join(", ") || "-", width: 30 },
    { title: "ID", value: ({ id }) => id },
  ]);
}

function paintValue(name: string, { severity }: Finding, text: string): string {
  return name === "severity" ? paintSeverity(severity, text) : text;
}

function findingText({ finding, timeline }: FindingView): string {
  const rows: [string, string][] = [
    ["id", finding.id],
    ["state", finding.state],
    ["severity", finding.severity],
    ["rule", finding.exploited ? `${finding.rule} (known to be exploited)` : finding.rule],
    ["title", finding.title],
    ["component", componentText(finding)],
    ["fixed in", finding.fixedVersion ?? "no fix known"],
    ["resource", finding.resource.id],
    ["running in", finding.running.join(", ") || "nowhere seen"],
  ];
  if (finding.acceptance !== undefined && finding.state === "accepted") {
    const { by, reason, until, vex } = finding.acceptance;
    rows.push(["accepted", `by ${by} until ${until}: ${vex === undefined ? "" : `${vex}: `}${reason}`]);
  }
  for (const link of finding.links) rows.push(["link", link]);
  const head = rows.map(([name, value]) => `${name.padEnd(11)}${paintValue(name, finding, clean(value))}`).join("\n");
  const evidence = cleanLines(JSON.stringify(finding.evidence, undefined, 2));
  const history = timeline
    .map(
      ({ at, transition, cause, note }) =>
        `  ${at}  ${transition.padEnd(19)} ${clean([cause.detail, note].filter(Boolean).join(" - ") || cause.id)}`,
    )
    .join("\n");
  return `${head}\n\n${paint("bold", "evidence")}\n${evidence}\n\n${paint("bold", "timeline")}\n${history}`;
}
