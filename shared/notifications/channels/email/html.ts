/**
 * The HTML part: tables and inline styles only, because that is what mail clients agree on; one column, no image,
 * no script, no remote resource.
 */
import type { Severity } from "../../../findings/types.ts";
import type { Fact, Message, MessageItem, Section } from "../../message.ts";

const font = "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const ink = "#1f2933";
const quiet = "#5f6b7a";
const rule = "#e4e7eb";
const good = "#1a7f4b";
/** White on each of these has a contrast of at least 4.5 (WCAG 2.2 AA). */
const colours: Readonly<Record<Severity, string>> = {
  critical: "#b3122b",
  high: "#b8480b",
  medium: "#8a6100",
  low: "#1f5fae",
  negligible: "#5f6b7a",
  unknown: "#48515c",
};

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML shows it literally, in content and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** Renders a message; pure. */
export function mailHtml(message: Message): string {
  const accent = message.severity === undefined ? good : colours[message.severity];
  const title = escapeHtml(message.title);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light">
<title>${title}</title>
</head>
<body style="margin:0;padding:0;background:#f2f4f7">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f2f4f7"><tr><td align="center" style="padding:24px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:680px;background:#ffffff;border:1px solid ${rule};border-radius:8px;font:15px/1.5 ${font};color:${ink};text-align:left;word-break:break-word">
<tr><td style="padding:22px 28px 18px;border-top:6px solid ${accent};border-radius:8px 8px 0 0;border-bottom:1px solid ${rule}">
<div style="font-size:12px;letter-spacing:.08em;text-transform:uppercase;color:${quiet}">Portwarden${message.severity === undefined ? "" : ` &middot; <span style="color:${accent};font-weight:600">${message.severity}</span>`}</div>
<h1 style="margin:6px 0 0;font-size:20px;line-height:1.35;font-weight:600">${title}</h1>
</td></tr>
${facts(message.facts)}${message.warnings.map(warning).join("")}${message.sections.map(section).join("")}<tr><td style="padding:16px 28px 20px;border-top:1px solid ${rule};font-size:12px;color:${quiet}">${escapeHtml(message.footer)}</td></tr>
</table>
</td></tr></table>
</body>
</html>
`;
}

function facts(all: readonly Fact[]): string {
  if (all.length === 0) return "";
  const rows = all.map(
    (fact) =>
      `<tr><td style="padding:3px 16px 3px 0;color:${quiet};white-space:nowrap;vertical-align:top">${escapeHtml(fact.label)}</td><td style="padding:3px 0;vertical-align:top">${anchor(fact.link, fact.text)}</td></tr>`,
  );
  return `<tr><td style="padding:16px 28px 12px;font-size:14px"><table role="presentation" cellpadding="0" cellspacing="0">${rows.join("")}</table></td></tr>\n`;
}

function warning(text: string): string {
  return `<tr><td style="padding:4px 28px"><div style="padding:8px 12px;background:#fff6e0;border-left:4px solid #d99a00;font-size:14px">${escapeHtml(text)}</div></td></tr>\n`;
}

function section({ heading, items, more, note }: Section): string {
  const rows = items.map(item).join("");
  const rest = [more > 0 ? `and ${more} more` : "", note ?? ""].filter((text) => text !== "").map(aside);
  return `<tr><td style="padding:14px 28px 6px"><h2 style="margin:0 0 4px;font-size:16px;line-height:1.4;font-weight:600">${escapeHtml(heading)}</h2>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0">${rows}</table>${rest.join("")}</td></tr>
`;
}

function item({ severity, exploited, text, link, detail }: MessageItem): string {
  const marks = [
    ...(severity === undefined ? [] : [pill(severity, colours[severity])]),
    ...(exploited ? [pill("known exploited", "#1f2933")] : []),
  ].join("");
  const below =
    detail === undefined || detail === ""
      ? ""
      : `<div style="color:${quiet};font-size:14px">${escapeHtml(detail)}</div>`;
  return `<tr><td style="padding:8px 0;border-top:1px solid ${rule}"><div><span style="font-weight:600">${anchor(link, text)}</span>${marks}</div>${below}</td></tr>`;
}

function pill(text: string, colour: string): string {
  return ` <span style="display:inline-block;margin-left:6px;padding:1px 8px;border-radius:10px;background:${colour};color:#ffffff;font-size:11px;line-height:1.6;font-weight:600;white-space:nowrap">${text}</span>`;
}

function aside(text: string): string {
  return `<div style="padding:6px 0;color:${quiet};font-size:14px">${escapeHtml(text)}</div>`;
}

function anchor(link: string | undefined, text: string): string {
  if (link === undefined) return escapeHtml(text);
  return `<a href="${escapeHtml(link)}" style="color:#1556a8;text-decoration:underline" rel="noreferrer">${escapeHtml(text)}</a>`;
}
