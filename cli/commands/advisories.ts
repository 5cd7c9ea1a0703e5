import type { Command } from "commander";
import type { UpdateResult } from "../../shared/advisories/update.ts";
import { clean, paint, table, terminalProgress } from "../terminal.ts";

interface AdvisoryOptions {
  readonly data: string;
  readonly config?: string;
  readonly from?: string;
}

export function registerAdvisories(program: Command): void {
  const advisories = program.command("advisories").description("The advisory data that images are matched against");
  advisories
    .command("update")
    .description("Fill or refresh the local advisory store")
    .option("--from <url-or-dir>", "an OSV export (base URL), a zip, or a directory of advisory files")
    .option("--data <dir>", "the data directory", ".portwarden")
    .option("--config <file>", "settings (default: portwarden.yaml in the data directory)")
    .action(async (options: AdvisoryOptions) => {
      const { localStore } = await import("../local-store.ts");
      const { updateAdvisories } = await import("../../shared/advisories/update.ts");
      const store = localStore(options.data, options.config);
      const progress = terminalProgress();
      try {
        const result = await updateAdvisories({ ...store, progress }, store.settings.advisories, options.from);
        progress.end();
        printUpdate(result);
      } finally {
        progress.end();
      }
    });
  advisories
    .command("status")
    .description("What the local store holds and how old it is")
    .option("--data <dir>", "the data directory", ".portwarden")
    .option("--config <file>", "settings (default: portwarden.yaml in the data directory)")
    .action(async (options: AdvisoryOptions) => {
      const { localStore } = await import("../local-store.ts");
      const { openAdvisoriesStatus } = await import("../../shared/advisories/status.ts");
      const store = localStore(options.data, options.config);
      const status = await openAdvisoriesStatus.read(store);
      console.log(`set       ${status.set}`);
      console.log(`updated   ${status.updatedAt ?? "never"}`);
      console.log(`newest    ${status.newestRecord ?? "-"}`);
      for (const warning of status.warnings) console.log(paint("yellow", `warning   ${warning}`));
      if (status.shards.length > 0) {
        console.log("");
        console.log(
          table(status.shards, [
            { title: "ECOSYSTEM", value: (shard) => shard.ecosystem },
            { title: "PACKAGES", value: (shard) => String(shard.packages) },
            { title: "ADVISORIES", value: (shard) => String(shard.advisories) },
          ]),
        );
      }
    });
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
  const megabytes = (result.bytes / 1e6).toFixed(1);
  console.log(
    `set ${result.set.slice(0, 12)}: ${result.shards} shards, ${megabytes} MB${result.changed ? "" : " (as before)"}`,
  );
}
