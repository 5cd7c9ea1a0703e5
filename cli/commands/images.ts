import type { Command } from "commander";
import * as schemas from "../../shared/api/schemas.ts";
import { connect } from "../client.ts";
import { cleanLines, table } from "../terminal.ts";
import { type ListOptions, more, type OutputOptions, platformOptions, print } from "./platform.ts";

export function registerImages(program: Command): void {
  const images = program.command("images").description("Images the platform knows");
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
      print(options, answer, () => cleanLines(JSON.stringify(answer.images, undefined, 2)));
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
