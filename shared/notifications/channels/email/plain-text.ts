import type { Message, MessageItem, Section } from "../../message.ts";

/** The text part: nothing to escape, one fact or item per line. */
export function mailText(message: Message): string {
  const label = Math.max(0, ...message.facts.map((fact) => fact.label.length));
  const parts = [
    [message.title, "=".repeat(Math.min(message.title.length, 78))],
    message.facts.map(
      (fact) => `${`${fact.label}:`.padEnd(label + 2)}${fact.text}${fact.link === undefined ? "" : `\n  ${fact.link}`}`,
    ),
    message.warnings.map((warning) => `! ${warning}`),
    ...message.sections.map(sectionLines),
    ["-- ", message.footer],
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function sectionLines(section: Section): readonly string[] {
  return [
    section.heading,
    "-".repeat(section.heading.length),
    ...section.items.flatMap(itemLines),
    ...(section.more > 0 ? [`  and ${section.more} more`] : []),
    ...(section.note === undefined ? [] : [`  ${section.note}`]),
  ];
}

function itemLines(item: MessageItem): readonly string[] {
  const severity = item.severity === undefined ? "" : `${item.severity.toUpperCase()} `;
  const exploited = item.exploited ? " (known exploited)" : "";
  return [
    `* ${severity}${item.text}${exploited}`,
    ...(item.detail === undefined || item.detail === "" ? [] : [`  ${item.detail}`]),
    ...(item.link === undefined ? [] : [`  ${item.link}`]),
  ];
}
