/** Documents of feeds as JSON, checked. */
import * as z from "zod";
import { messageOf, PermanentError } from "../../platform/errors.ts";

/** Throws `PermanentError("advisory-malformed")` for what is not JSON. */
export function parseJson(document: Buffer): unknown {
  try {
    return JSON.parse(document.toString("utf8"));
  } catch (error) {
    throw new PermanentError("advisory-malformed", `not JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** The value in the schema's form. Throws `PermanentError("advisory-malformed")`, with the place of the first problem. */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new PermanentError("advisory-malformed", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
}

/** A list that may be missing, or `null`; it has at most `most` members. */
export const many = <Schema extends z.ZodType>(schema: Schema, most: number) =>
  z
    .array(schema)
    .max(most)
    .nullish()
    .transform((values) => values ?? []);
