/** What is known of each image: where it is, what its tags were, when it was scanned and where it runs. */
import * as z from "zod";
import { severities } from "../findings/types.ts";

export const imageRecordSchema = z.object({
  registry: z.string(),
  repository: z.string(),
  digest: z.string(),
  mediaType: z.string().optional(),
  /** `unknown` until a scan has read the manifest. */
  kind: z.enum(["image", "index", "unknown"]),
  /** `os/architecture[/variant]` of an image. */
  platform: z.string().optional(),
  /** Images of an index. */
  children: z.array(z.string()).optional(),
  /** The index it was scanned as part of. */
  parent: z.string().optional(),
  /** Attestations and other artefacts that came with an index: digests. */
  attestations: z.array(z.string()).optional(),
  pusher: z.string().optional(),
  /** Source time of the first push or request that was seen. */
  firstSeenAt: z.iso.datetime(),
  /** The scan that first completed: what it introduced is compared with the tag's previous image. */
  firstScanId: z.string().optional(),
  scan: z
    .object({
      id: z.string(),
      status: z.enum(["complete", "partial", "failed"]),
      at: z.iso.datetime(),
      packages: z.int().optional(),
      open: z.partialRecord(z.enum(severities), z.int()),
      problems: z.array(z.object({ code: z.string(), message: z.string() })).max(50),
      advisories: z.string().optional(),
    })
    .optional(),
});
export type ImageRecord = z.infer<typeof imageRecordSchema>;

/** An image in one repository. */
export interface ImageName {
  readonly registry: string;
  readonly repository: string;
  readonly digest: string;
}
