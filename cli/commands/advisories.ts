import { createReadStream, createWriteStream, existsSync, renameSync, rmSync } from "node:fs";
import type { Command } from "commander";
import type { exportAdvisories } from "../../shared/advisories/set/carry.ts";
import type { AdvisoryStatus } from "../../shared/advisories/status.ts";
import type { UpdateResult } from "../../shared/advisories/update/update.ts";
import { messageOf } from "../../shared/platform/errors.ts";
import { UsageError } from "../exit.ts";
import { clean, paint, table, terminalProgress } from "../terminal.ts";
import { registerRematch, tellPlatform } from "./rematch.ts";

interface AdvisoryOptions {
  readonly data: string;
  readonly config?: string;
  readonly from?: string;
}

const dataOption = ["--data <dir>", "the data directory", ".portwarden"] as const;
const configOption = ["--config <file>", "settings (default: portwarden.yaml in the data directory)"] as const;
const fromOption = [
  "--from <url-or-dir>",
  "an OSV export (base URL), a zip, or a directory of advisory files",
] as const;

export function registerAdvisories(program: Command): void {
  const advisories = program.command("advisories").description("The advisory data that images are matched against");
  advisories
    .command("update")
    .description("Fill or refresh the local advisory store")
    .option(...fromOption)
    .option(...dataOption)
    .option(...configOption)
    .action(async (options: AdvisoryOptions) => {
      const { localStore } = await import("../local-store.ts");
      const { updateAdvisories } = await import("../../shared/advisories/update/update.ts");
      const store = localStore(options.data, options.config);
      await withProgress(async (progress) => {
        const result = await updateAdvisories({ ...store, progress }, store.settings.advisories, options.from);
        progress.end();
        printUpdate(result);
      });
      await tellPlatform(store.directory);
    });
  registerRematch(advisories);
  advisories
    .command("build")
    .description("Build a set of its own and write it to one file, for places without a network")
    .argument("<file>", "the file to write")
    .option(...fromOption)
    .option(...configOption)
    .action(async (file: string, options: Omit<AdvisoryOptions, "data">) => {
      const { temporaryStore } = await import("../local-store.ts");
      const { updateAdvisories } = await import("../../shared/advisories/update/update.ts");
      const store = temporaryStore(options.config);
      try {
        await withProgress(async (progress) => {
          const result = await updateAdvisories({ ...store, progress }, store.settings.advisories, options.from);
          progress.end();
          printUpdate(result);
          await writeSet({ ...store, progress }, file);
        });
      } finally {
        store.remove();
      }
    });
  advisories
    .command("export")
    .description("Write the local set to one file, to carry it to a place without a network")
    .argument("<file>", "the file to write")
    .option(...dataOption)
    .option(...configOption)
    .action(async (file: string, options: AdvisoryOptions) => {
      const { localStore } = await import("../local-store.ts");
      const store = localStore(options.data, options.config);
      await withProgress((progress) => writeSet({ ...store, progress }, file));
    });
  advisories
    .command("import")
    .description('Replace the local set by one that "advisories export" or "advisories build" wrote')
    .argument("<file>", "the file to read")
    .option(...dataOption)
    .option(...configOption)
    .action(async (file: string, options: AdvisoryOptions) => {
      const { localStore } = await import("../local-store.ts");
      const { importAdvisories } = await import("../../shared/advisories/set/carry.ts");
      const store = localStore(options.data, options.config);
      if (!existsSync(file)) throw new UsageError(`${file} does not exist`);
      await withProgress(async (progress) => {
        const carried = await importAdvisories({ ...store, progress }, createReadStream(file)).catch(
          (error: unknown) => {
            throw new UsageError(`${file} cannot be imported: ${messageOf(error)}`);
          },
        );
        progress.end();
        console.log(`set ${carried.set.slice(0, 12)}: ${carried.shards} shards, ${megabytes(carried.bytes)} MB`);
      });
      await tellPlatform(store.directory);
    });
  advisories
    .command("status")
    .description("What the local store holds, from whom, and how old it is")
    .option("--json", "print everything as JSON")
    .option(...dataOption)
    .option(...configOption)
    .action(async (options: AdvisoryOptions & { readonly json?: true }) => {
      const { localStore } = await import("../local-store.ts");
      const { openAdvisoriesStatus } = await import("../../shared/advisories/status.ts");
      const store = localStore(options.data, options.config);
      const status = await openAdvisoriesStatus.read(store);
      if (options.json === true) console.log(JSON.stringify(status, undefined, 2));
      else printStatus(status);
    });
}

async function withProgress(work: (progress: ReturnType<typeof terminalProgress>) => Promise<void>): Promise<void> {
  const progress = terminalProgress();
  try {
    await work(progress);
  } finally {
    progress.end();
  }
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** Written beside it first: a file of that name is always a whole one. */
async function writeSet(ports: Parameters<typeof exportAdvisories>[0], file: string): Promise<void> {
  const { exportAdvisories: write } = await import("../../shared/advisories/set/carry.ts");
  const unfinished = `${file}.part`;
  try {
    const carried = await write(ports, createWriteStream(unfinished));
    renameSync(unfinished, file);
    console.log(`${file}: set ${carried.set.slice(0, 12)}, ${carried.shards} shards, ${megabytes(carried.bytes)} MB`);
    if (carried.leftOut.length > 0) {
      console.log(paint("yellow", `left out, as their licence demands: ${carried.leftOut.join(", ")}`));
    }
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function printStatus(status: AdvisoryStatus): void {
  console.log(`set       ${status.set}`);
  console.log(`updated   ${status.updatedAt ?? "never"}`);
  console.log(`newest    ${status.newestRecord ?? "-"}`);
  for (const warning of status.warnings) console.log(paint("yellow", `warning   ${clean(warning)}`));
  if (status.shards.length === 0) return;
  console.log("");
  console.log(
    table(status.sources, [
      { title: "SOURCE", value: ({ name }) => name },
      { title: "UPDATED", value: ({ updatedAt }) => updatedAt },
      { title: "RECORDS", value: ({ records }) => String(records) },
      { title: "LICENCE", value: ({ licence, databases }) => licence ?? licencesOf(databases) },
      {
        title: "STATE",
        value: ({ failure, quarantined }) => {
          if (failure !== undefined) return `failing since ${failure.since}: ${failure.reason}`;
          return quarantined > 0 ? `${quarantined} malformed records left out` : "ok";
        },
        width: 120,
      },
    ]),
  );
  console.log("");
  console.log(
    table(status.shards, [
      { title: "ECOSYSTEM", value: (shard) => shard.ecosystem },
      { title: "PACKAGES", value: (shard) => String(shard.packages) },
      { title: "ADVISORIES", value: (shard) => String(shard.advisories) },
      { title: "KB", value: (shard) => (shard.bytes / 1000).toFixed(0) },
    ]),
  );
}

function licencesOf(databases: AdvisoryStatus["sources"][number]["databases"]): string {
  const licences = new Set(databases.flatMap(({ licence }) => licence ?? []));
  return licences.size === 0 ? "not stated" : [...licences].join(", ");
}

function printUpdate(result: UpdateResult): void {
  console.log(
    table(result.sources, [
      { title: "SOURCE", value: ({ name }) => name },
      { title: "RECORDS", value: ({ records }) => String(records) },
      {
        title: "STATE",
        value: ({ state, reason }) => (reason === undefined ? state : `${state}: ${reason}`),
        width: 120,
      },
    ]),
  );
  const strange = result.files.reduce((sum, { unrecognised }) => sum + unrecognised, 0);
  console.log("");
  if (strange > 0) console.log(`${strange} documents were not advisories in any known form and were left out`);
  if (result.quarantined.count > 0) {
    console.log(paint("yellow", `${result.quarantined.count} malformed records were left out, the first:`));
    for (const record of result.quarantined.first) console.log(`  ${clean(JSON.stringify(record))}`);
  }
  const same = result.changed ? "" : " (as before)";
  console.log(`set ${result.set.slice(0, 12)}: ${result.shards} shards, ${megabytes(result.bytes)} MB${same}`);
}
