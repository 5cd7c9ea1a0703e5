/** The labels by which Red Hat's products are told, in files of the image and in its configuration. */
import { text } from "./fields.ts";
import type { ProductLabels } from "./types.ts";

/** Undefined for labels that tell no product. */
export function productOf(labels: ReadonlyMap<string, unknown>): Omit<ProductLabels, "location"> | undefined {
  const component = text(labels.get("com.redhat.component"));
  const name = text(labels.get("name"));
  const cpe = text(labels.get("cpe"));
  const version = text(labels.get("version"));
  const release = text(labels.get("release"));
  const architecture = text(labels.get("architecture"));
  if (component === undefined && name === undefined && cpe === undefined) return undefined;
  return {
    ...(component !== undefined && { component }),
    ...(name !== undefined && { name }),
    ...(version !== undefined && { version }),
    ...(release !== undefined && { release }),
    ...(architecture !== undefined && { architecture }),
    ...(cpe !== undefined && { cpe }),
  };
}

/** Of an image's configuration, where `name` and `version` alone may be anybody's. */
export function productOfImage(labels: Readonly<Record<string, string>> | undefined): ProductLabels | undefined {
  const product = productOf(new Map(Object.entries(labels ?? {})));
  return product?.component === undefined && product?.cpe === undefined ? undefined : product;
}
