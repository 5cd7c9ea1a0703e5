import { checked, parseJson } from "../../reading/json-document.ts";
import type { Feed } from "../../types.ts";
import { readTracker } from "./read.ts";
import { trackerDocument } from "./schema.ts";
import { upstream } from "./upstream.ts";

const beginning = /^\s*\{\s*"[a-z0-9][a-z0-9+.-]*"\s*:\s*\{\s*"(?:CVE|TEMP)-[0-9]/;

/** What Debian's security team says of every CVE in every release, fixed or not. */
export const feed: Feed = {
  name: "debian-tracker",
  recognises: (document) =>
    beginning.test(document.toString("latin1", 0, 1024)) && document.includes('"releases"', 0, "latin1"),
  read: (document, context) => readTracker(checked(trackerDocument, parseJson(document)), context),
  upstream,
};
