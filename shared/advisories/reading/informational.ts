/** RustSec's records about what is no vulnerability: https://github.com/RustSec/advisory-db#advisory-format */
const kinds = ["unmaintained", "unsound", "notice"] as const;
type Informational = (typeof kinds)[number];

export function isInformational(told: unknown): told is Informational {
  return kinds.some((kind) => kind === told);
}

/** What filters use; `informational` is among them whatever the record tells of. */
export function informationalMarks(told: Informational): readonly string[] {
  return ["informational", told];
}
