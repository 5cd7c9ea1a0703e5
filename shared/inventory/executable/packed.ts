/** Executables that unpack themselves when they start: what they contain cannot be seen from outside. */
import type { Layout } from "./layout.ts";

/** The header that UPX puts behind the program headers: https://github.com/upx/upx (`l_info`) */
const upxMagic = Buffer.from("UPX!");
const upxSection = /^(UPX[0-9]|__upx)/i;

/** Whether the first bytes say that UPX packed it. */
export function isPacked(head: Buffer, layout: Layout): boolean {
  if (layout.parts?.some(({ name }) => upxSection.test(name)) === true) return true;
  return head.subarray(0, 1024).includes(upxMagic);
}
