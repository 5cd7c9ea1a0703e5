/** Commands that ask a running platform, here or on AWS. */
import { type Command, Option } from "commander";
import { deliveryPage, resentDelivery } from "../../shared/api/delivery-routes.ts";
import * as schemas from "../../shared/api/schemas.ts";
import { findingKinds, findingStates, severities } from "../../shared/findings/types.ts";
import { deliveryStates } from "../../shared/notifications/deliveries.ts";
import { type ClientOptions, connect } from "../client.ts";
import { UsageError } from "../exit.ts";
import { clean, paint, paintSeverity, table } from "../terminal.ts";

interface OutputOptions extends ClientOptions {
  readonly format: "table" | "json";
}

/** Adds what every command of this kind takes. */
function platformOptions(command: Command): Command {
  return command
    .option("--data <dir>", "data directory of the platform on this machine", ".portwarden")
    .option("--url <url>", "address of a platform elsewhere (or PORTWARDEN_URL)")
    .option("--token <token>", "its token (or PORTWARDEN_TOKEN)")
    .addOption(new Option("--format <format>", "what to print").choices(["table", "json"]).default("table"));
}

const print = (options: OutputOptions, value: unknown, text: () => string): void => {
  console.log(options.format === "json" ? JSON.stringify(value, undefined, 2) : text());
};

export function registerPlatform(program: Command): void {
  registerFindings(program.command("findings").description("Findings of the platform"));
  registerImages(program.command("images").description("Images the platform knows"));
  registerDeliveries(program.command("deliveries").description("Messages that were or are to be sent"));
  registerQueues(program.command("queues").description("Queues of the platform and their dead letters"));
}

interface ListOptions extends OutputOptions {
  readonly limit: string;
  readonly cursor?: string;
  readonly repository?: string;
}

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

const flag = (value: boolean | undefined) => (value === undefined ? undefined : String(value));

function registerFindings(findings: Command): void {
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
      const page = await connect(options).get("/v1/findings", schemas.findingPage, {
        ...{ state, severity, kind, rule, repository, image, limit, cursor },
        ...{ fixable: flag(options.fixable), exploited: flag(options.exploited), running: flag(options.running) },
      });
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
    .action(async (id: string, options: OutputOptions & { reason: string; until: string }) => {
      const until = new Date(options.until);
      if (Number.isNaN(until.getTime())) throw new UsageError(`--until ${options.until} is not a date`);
      const answer = await connect(options).post(
        `/v1/findings/${encodeURIComponent(id)}/accept`,
        schemas.findingWithTimeline,
        {
          reason: options.reason,
          until: until.toISOString(),
        },
      );
      print(options, answer, () => findingText(answer));
    });
}

type FindingPage = (typeof schemas.findingPage)["_output"];
type FindingView = (typeof schemas.findingWithTimeline)["_output"];
type Finding = FindingPage["findings"][number];

function componentText(finding: Finding): string {
  const component = finding.evidence["package"];
  if (typeof component !== "object" || component === null || Array.isArray(component)) return finding.subject;
  const { name, version } = component;
  return typeof name === "string" && typeof version === "string" ? `${name} ${version}` : finding.subject;
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

function findingText({ finding, timeline }: FindingView): string {
  const rows: [string, string][] = [
    ["id", finding.id],
    ["state", finding.state],
    ["severity", paintSeverity(finding.severity)],
    ["rule", finding.exploited ? `${finding.rule} (known to be exploited)` : finding.rule],
    ["title", finding.title],
    ["component", componentText(finding)],
    ["fixed in", finding.fixedVersion ?? "no fix known"],
    ["resource", finding.resource.id],
    ["running in", finding.running.join(", ") || "nowhere seen"],
  ];
  if (finding.acceptance !== undefined && finding.state === "accepted") {
    const { by, reason, until } = finding.acceptance;
    rows.push(["accepted", `by ${by} until ${until}: ${reason}`]);
  }
  for (const link of finding.links) rows.push(["link", link]);
  const head = rows
    .map(([name, value]) => `${name.padEnd(11)}${value.includes("\u001b") ? value : clean(value)}`)
    .join("\n");
  const evidence = JSON.stringify(finding.evidence, undefined, 2);
  const history = timeline
    .map(
      ({ at, transition, cause, note }) =>
        `  ${at}  ${transition.padEnd(19)} ${clean([cause.detail, note].filter(Boolean).join(" - ") || cause.id)}`,
    )
    .join("\n");
  return `${head}\n\n${paint("bold", "evidence")}\n${evidence}\n\n${paint("bold", "timeline")}\n${history}`;
}

const more = (next: string | undefined) => (next === undefined ? "" : `\n\nmore: --cursor ${next}`);

function registerImages(images: Command): void {
  platformOptions(images.command("list"))
    .description("Images that were pushed, asked for or seen running")
    .option("--repository <name>", "registry/repository")
    .option("--limit <number>", "results per page", "50")
    .option("--cursor <cursor>", "continue after a page")
    .action(async (options: ListOptions) => {
      const { repository, limit, cursor } = options;
      const page = await connect(options).get("/v1/images", schemas.imagePage, { repository, limit, cursor });
      print(options, page, () =>
        page.images.length === 0 ? "no images yet" : imageTable(page.images) + more(page.next),
      );
    });
  platformOptions(images.command("show"))
    .description("An image, in every repository that holds it")
    .argument("<digest>", "sha256:...")
    .action(async (digest: string, options: OutputOptions) => {
      const answer = await connect(options).get(`/v1/images/${encodeURIComponent(digest)}`, schemas.imageByDigest);
      print(options, answer, () => JSON.stringify(answer.images, undefined, 2));
    });
}

type Image = (typeof schemas.imagePage)["_output"]["images"][number];

function imageTable(images: readonly Image[]): string {
  return table(images, [
    { title: "IMAGE", value: (image) => `${image.registry}/${image.repository}`, width: 60 },
    { title: "TAGS", value: ({ tags }) => tags.join(", ") || "-", width: 24 },
    { title: "PLATFORM", value: ({ platform, kind }) => platform ?? kind, width: 20 },
    { title: "SCAN", value: ({ scan }) => scan?.status ?? "not scanned" },
    { title: "CRITICAL", value: ({ scan }) => String(scan?.open.critical ?? 0) },
    { title: "HIGH", value: ({ scan }) => String(scan?.open.high ?? 0) },
    { title: "RUNNING", value: ({ running }) => running.join(", ") || "-", width: 30 },
    { title: "DIGEST", value: ({ digest }) => digest, width: 80 },
  ]);
}

function registerQueues(queues: Command): void {
  platformOptions(queues.command("list"))
    .description("What waits in each queue, and its dead letters")
    .action(async (options: OutputOptions) => {
      const answer = await connect(options).get("/v1/queues", schemas.queueList);
      print(options, answer, () =>
        table(answer.queues, [
          { title: "QUEUE", value: ({ name }) => name },
          { title: "WAITING", value: ({ waiting }) => String(waiting) },
          { title: "IN FLIGHT", value: ({ inFlight }) => String(inFlight) },
          { title: "DELAYED", value: ({ delayed }) => String(delayed) },
          {
            title: "DEAD LETTERS",
            value: ({ deadLetters }) => String(deadLetters),
            paint: ({ deadLetters }, text) => (deadLetters > 0 ? paint("red", text) : text),
          },
        ]),
      );
    });
  platformOptions(queues.command("redrive"))
    .description("Put the dead letters of a queue back into it")
    .argument("<queue>", "the queue's name")
    .action(async (queue: string, options: OutputOptions) => {
      const answer = await connect(options).post(
        `/v1/queues/${encodeURIComponent(queue)}/redrive`,
        schemas.redriven,
        {},
      );
      print(
        options,
        answer,
        () => `${answer.moved} ${answer.moved === 1 ? "message" : "messages"} moved back into ${clean(queue)}`,
      );
    });
}

interface DeliveryListOptions extends ListOptions {
  readonly state?: string;
}

function registerDeliveries(deliveries: Command): void {
  platformOptions(deliveries.command("list"))
    .description("Messages by route, newest first; uncertain and failed ones are those to look at")
    .addOption(new Option("--state <state>", "only these").choices(deliveryStates))
    .option("--limit <number>", "results per page", "50")
    .option("--cursor <cursor>", "continue after a page")
    .action(async (options: DeliveryListOptions) => {
      const { state, limit, cursor } = options;
      const page = await connect(options).get("/v1/deliveries", deliveryPage, { state, limit, cursor });
      print(options, page, () =>
        page.deliveries.length === 0 ? "no messages yet" : deliveryTable(page.deliveries) + more(page.next),
      );
    });
  platformOptions(deliveries.command("resend"))
    .description("Send a message again that failed, or whose outcome is not known")
    .argument("<id>", "the delivery's id")
    .action(async (id: string, options: OutputOptions) => {
      const answer = await connect(options).post(`/v1/deliveries/${encodeURIComponent(id)}/resend`, resentDelivery, {});
      print(options, answer, () => `${id} is ${answer.delivery.state}`);
    });
}

function deliveryTable(deliveries: (typeof deliveryPage)["_output"]["deliveries"]): string {
  return table(deliveries, [
    { title: "CREATED", value: ({ createdAt }) => createdAt },
    { title: "ROUTE", value: ({ route }) => route },
    {
      title: "STATE",
      value: ({ state }) => state,
      paint: ({ state }, text) => (state === "failed" || state === "uncertain" ? paint("red", text) : text),
    },
    { title: "ID", value: ({ id }) => id },
  ]);
}
