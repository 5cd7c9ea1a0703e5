import { messageOf, PermanentError } from "../../../platform/errors.ts";
import { cvssScorer } from "../../reading/cvss.ts";
import { firstByteOf, openingBracket, openingQuote } from "../../reading/peek.ts";
import type { Feed } from "../../types.ts";
import { readRecord } from "./read.ts";
import { osvRecord } from "./schema.ts";
import { upstream } from "./upstream.ts";

const score = cvssScorer();

/** Records in OSV form, whoever publishes them. */
export const feed: Feed = {
  name: "osv",
  upstream,
  recognises(document) {
    if (firstByteOf(document, "id") !== openingQuote || firstByteOf(document, "modified") !== openingQuote)
      return false;
    return firstByteOf(document, "affected") === openingBracket || document.includes('"schema_version"');
  },
  read(document, context) {
    let json: unknown;
    try {
      json = JSON.parse(document.toString("utf8"));
    } catch (error) {
      throw new PermanentError("advisory-malformed", messageOf(error), { cause: error });
    }
    const parsed = osvRecord.safeParse(json);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new PermanentError("advisory-malformed", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
    }
    return [readRecord(parsed.data, context, score)];
  },
};
