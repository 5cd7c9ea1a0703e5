import type { Feed } from "../../types.ts";

/** `withdrawn-ids.txt`: one id a line, for record sets that have lost the `withdrawn` member. */
export const feed: Feed = {
  name: "withdrawn",
  recognises: (_document, file) => /(?:^|\/)withdrawn-ids\.txt$/.test(file),
  read: (document) =>
    document
      .toString("utf8")
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((id) => /^[A-Za-z][\w.:-]{2,199}$/.test(id))
      .map((id) => ({ kind: "withdrawn", id })),
};
