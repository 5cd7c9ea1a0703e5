/** The image that a tag pointed at before: what a new one is compared with. */
import { findingsOfResource } from "../findings/store.ts";
import type { Finding } from "../findings/types.ts";
import { imageResource } from "../images/keys.ts";
import { getImage, readTag } from "../images/store.ts";
import type { ImageName } from "../images/types.ts";
import type { Table } from "../platform/ports.ts";
import { imageIn, type ScanRequest } from "./run.ts";

export interface PreviousImage {
  readonly image: ImageName;
  /** Open on it, and on its images when it is an index. */
  readonly open: readonly Finding[];
}

/** The image that one of the tags pointed at before this one, if it was ever scanned. */
export async function previousImage(
  table: Table,
  request: ScanRequest,
  image: ImageName,
): Promise<PreviousImage | undefined> {
  for (const tag of request.tags) {
    const { digest, previous } = await readTag(table, request, tag);
    if (digest !== image.digest || previous === undefined || previous === image.digest) continue;
    const candidate = imageIn(request, previous);
    const record = await getImage(table, candidate);
    if (record?.firstScanId === undefined) continue;
    const open: Finding[] = [];
    for (const member of [previous, ...(record.children ?? [])]) {
      const stored = await findingsOfResource(table, imageResource({ ...image, digest: member }));
      open.push(...stored.map(({ finding }) => finding).filter(({ state }) => state === "open"));
    }
    return { image: candidate, open };
  }
  return undefined;
}
