/**
 * Block Kit rendering, within Slack's limits: 50 blocks, 150 characters of header, 3,000 of text, 10 fields of 2,000,
 * 10 context elements. https://docs.slack.dev/reference/block-kit/blocks
 */
import type { Severity } from "../../../findings/types.ts";
import type { Fact, Message, MessageItem, Section } from "../../message.ts";
import { escapeMrkdwn, link } from "./mrkdwn.ts";

/** `verbatim`: Slack links nothing (addresses, channel and user names) that is not marked up here. */
export interface Mrkdwn {
  readonly type: "mrkdwn";
  readonly text: string;
  readonly verbatim: true;
}
export type Block =
  | {
      readonly type: "header";
      readonly text: { readonly type: "plain_text"; readonly text: string; readonly emoji: boolean };
    }
  | { readonly type: "section"; readonly text: Mrkdwn }
  | { readonly type: "section"; readonly fields: readonly Mrkdwn[] }
  | { readonly type: "context"; readonly elements: readonly Mrkdwn[] }
  | { readonly type: "divider" };

/** A message as Slack takes it: the blocks, and the text that notifications and screen readers use. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly Block[];
}

const blockLimit = 50;
const textLimit = 3000;
const headerLimit = 150;

const marks: Readonly<Record<Severity, string>> = {
  critical: "🔴",
  high: "🟠",
  medium: "🟡",
  low: "🔵",
  negligible: "⚪",
  unknown: "⚫",
};
const goodMark = "🟢";

/** Renders a message; pure. */
export function slackMessage(message: Message): SlackMessage {
  const mark = message.severity === undefined ? goodMark : marks[message.severity];
  const body = [
    ...(message.facts.length > 0 ? [{ type: "section", fields: message.facts.slice(0, 10).map(field) } as const] : []),
    ...(message.warnings.length > 0
      ? [
          {
            type: "context",
            elements: message.warnings.slice(0, 10).map((text) => mrkdwn(`⚠️ ${escapeMrkdwn(text, 1000)}`)),
          } as const,
        ]
      : []),
    ...message.sections.flatMap((section) => [{ type: "divider" } as const, ...sectionBlocks(section)]),
  ];
  return {
    text: `${mark} ${escapeMrkdwn(message.title, 1000)}`,
    blocks: [
      // Plain text is literal: escaping it would show the entities.
      {
        type: "header",
        text: { type: "plain_text", text: `${mark} ${message.title}`.slice(0, headerLimit), emoji: false },
      },
      ...body.slice(0, blockLimit - 2),
      { type: "context", elements: [mrkdwn(escapeMrkdwn(message.footer, 1000))] },
    ],
  };
}

function mrkdwn(text: string): Mrkdwn {
  return { type: "mrkdwn", text, verbatim: true };
}

function field(fact: Fact): Mrkdwn {
  return mrkdwn(`*${escapeMrkdwn(fact.label, 100)}*\n${link(fact.link, fact.text, 600)}`);
}

/** The lines of a section in as few blocks as their length allows. */
function sectionBlocks(section: Section): readonly Block[] {
  const lines = [
    `*${escapeMrkdwn(section.heading, 200)}*`,
    ...section.items.map(line),
    ...(section.more > 0 ? [`_and ${section.more} more_`] : []),
    ...(section.note === undefined ? [] : [`_${escapeMrkdwn(section.note, 500)}_`]),
  ];
  const texts: string[] = [];
  for (const next of lines) {
    const last = texts.at(-1);
    if (last !== undefined && last.length + 1 + next.length <= textLimit) texts[texts.length - 1] = `${last}\n${next}`;
    else texts.push(next);
  }
  return texts.map((text) => ({ type: "section", text: mrkdwn(text) }));
}

/** At most 2,900 characters: mark, 1,200 of link, 500 of text, 1,000 of detail. */
function line(item: MessageItem): string {
  const mark = item.severity === undefined ? "•" : marks[item.severity];
  const exploited = item.exploited ? " `known exploited`" : "";
  const detail = item.detail === undefined || item.detail === "" ? "" : ` — ${escapeMrkdwn(item.detail, 1000)}`;
  return `${mark} *${link(item.link, item.text, 500)}*${exploited}${detail}`;
}
