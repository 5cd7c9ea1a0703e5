/** What refers to an image in its registry: OCI distribution-spec 1.1 (listing referrers), and cosign's tag before it. */
import { messageOf, PermanentError } from "../../platform/errors.ts";
import { limits } from "../../platform/limits.ts";
import { sha256 } from "../digest.ts";
import { acceptedManifests, mediaTypes, parseDocument } from "../documents.ts";
import type { Attached, Descriptor } from "../types.ts";
import { discard, failureOf, readBody } from "./http.ts";
import type { Session } from "./session.ts";
import { withRetries } from "./timing.ts";

interface Referring {
  readonly manifests: readonly Descriptor[];
  readonly problems: Attached["problems"];
}

/**
 * The manifests that refer to any of these digests. A registry that knows no referrers answers 404 and has a tag
 * `sha256-<hex>` instead; what it refuses otherwise is told as a problem.
 * @throws TransientError
 */
export async function referrersOf(session: Session, digests: readonly string[]): Promise<Referring> {
  const manifests: Descriptor[] = [];
  const problems: { subject: string; detail: string }[] = [];
  for (const digest of new Set(digests)) {
    try {
      const tag = digest.replace(":", "-");
      const index = (await get(session, `referrers/${digest}`)) ?? (await get(session, `manifests/${tag}`));
      if (index !== undefined) manifests.push(...entriesOf(index));
      const attestations = await get(session, `manifests/${tag}.att`);
      if (attestations !== undefined) manifests.push(descriptorOf(attestations));
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      problems.push({
        subject: digest,
        detail: `what is attached cannot be listed: ${messageOf(error)}`.slice(0, 500),
      });
    }
  }
  return { manifests, problems };
}

interface Answer {
  readonly bytes: Buffer;
  readonly type: string | undefined;
}

/** `undefined`: there is no such thing, or the registry does not know what is asked. */
function get(session: Session, path: string): Promise<Answer | undefined> {
  return withRetries(session.timing, async () => {
    const response = await session.get(path, { accept: acceptedManifests });
    if ([400, 404, 405, 501].includes(response.statusCode ?? 0)) {
      discard(response);
      return undefined;
    }
    if (response.statusCode !== 200) {
      discard(response);
      throw failureOf(response, `${session.registry}: ${path}`);
    }
    const bytes = await readBody(response, session.registry, limits.manifestBytes, session.timing);
    return { bytes, type: response.headers["content-type"] };
  });
}

function entriesOf({ bytes, type }: Answer): readonly Descriptor[] {
  const document = parseDocument(bytes, type);
  return document.kind === "index" ? document.manifests : [];
}

function descriptorOf({ bytes, type }: Answer): Descriptor {
  return { mediaType: type?.split(";")[0] ?? mediaTypes.ociManifest, digest: sha256(bytes), size: bytes.length };
}
