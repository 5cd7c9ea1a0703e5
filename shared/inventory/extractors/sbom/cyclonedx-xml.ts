/** CycloneDX as XML (https://cyclonedx.org/docs/1.6/xml/) in the shape that it has as JSON, as far as packages go. */
import { attributeOf, childOf, type XmlElement } from "../../documents/xml.ts";

/** Undefined for other documents. */
export function cycloneDxOfXml(root: XmlElement): object | undefined {
  const namespaces = root.tag.includes("cyclonedx.org/schema/bom");
  if (root.name !== "bom" || !namespaces) return undefined;
  const subject = childOf(childOf(root, "metadata"), "component");
  return {
    bomFormat: "CycloneDX",
    ...(subject && { metadata: { component: componentOf(subject) } }),
    components: componentsIn(root),
  };
}

function componentsIn(element: XmlElement): readonly object[] {
  const list = childOf(element, "components")?.children ?? [];
  return list.filter(({ name }) => name === "component").map(componentOf);
}

function componentOf(element: XmlElement): object {
  const text = (name: string): string | undefined => childOf(element, name)?.text || undefined;
  return {
    type: attributeOf(element, "type"),
    group: text("group"),
    name: text("name"),
    version: text("version"),
    purl: text("purl"),
    scope: text("scope"),
    licenses: (childOf(element, "licenses")?.children ?? []).map((one) =>
      one.name === "expression"
        ? { expression: one.text }
        : { license: { id: childOf(one, "id")?.text, name: childOf(one, "name")?.text } },
    ),
    components: componentsIn(element),
  };
}
