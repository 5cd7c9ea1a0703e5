/** Numbers of Debian's releases, by the names that its own data uses. */
const numbers: Readonly<Record<string, string>> = {
  squeeze: "6",
  wheezy: "7",
  jessie: "8",
  stretch: "9",
  buster: "10",
  bullseye: "11",
  bookworm: "12",
  trixie: "13",
  forky: "14",
  duke: "15",
  // Unstable never becomes a release, and has no number.
  sid: "sid",
};

/** `12` of `bookworm`, `sid` of itself; absent for names before squeeze, which no image is of. */
export function debianRelease(codename: string): string | undefined {
  return Object.hasOwn(numbers, codename) ? numbers[codename] : undefined;
}
