/** Comparisons of pieces of versions, without ever turning digits into (bounded) numbers. */

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

/** By UTF-16 code unit, which for ASCII is the byte order of `strcmp`. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Compares runs of decimal digits of any length by value; the empty run is 0. */
export function compareDigits(a: string, b: string): number {
  const left = withoutZeros(a);
  const right = withoutZeros(b);
  return left.length - right.length || compareText(left, right);
}

function withoutZeros(digits: string): string {
  let zeros = 0;
  while (zeros < digits.length && digits.charCodeAt(zeros) === 48) zeros++;
  return zeros === 0 ? digits : digits.slice(zeros);
}

/** Lexicographic order of two lists; the shorter of two otherwise equal ones is first. */
export function compareLists<Element>(
  a: readonly Element[],
  b: readonly Element[],
  compare: (a: Element, b: Element) => number,
): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const order = compare(a[index] as Element, b[index] as Element);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
