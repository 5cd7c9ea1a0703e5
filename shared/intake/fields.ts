/** Fields of senders' documents: what is there and of the right kind is used, anything else counts as absent. */
import * as z from "zod";

export const text = z.string().max(2048).optional().catch(undefined);
export const number = z.number().optional().catch(undefined);

/** A nested object; absent when it is none. */
export function part<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object(shape).optional().catch(undefined);
}
