/**
 * Slack's markup. Its control characters are `&`, `<` and `>` and nothing else: mentions (`<!channel>`, `<@U…>`),
 * links and dates all stand between angle brackets.
 * https://docs.slack.dev/messaging/formatting-message-text#escaping
 */

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** Text as mrkdwn shows it literally; at most `maximum` UTF-16 units after escaping, cut with `…`. */
export function escapeMrkdwn(text: string, maximum: number): string {
  let escaped = "";
  let fitting = "";
  for (const character of text) {
    escaped += entities[character] ?? character;
    if (escaped.length > maximum) return `${fitting}…`;
    if (escaped.length < maximum) fitting = escaped;
  }
  return escaped;
}

/** `<url|label>`, or the label alone when the link is unusable or too long (1,200 units). */
export function link(url: string | undefined, label: string, labelMaximum: number): string {
  const text = escapeMrkdwn(label, labelMaximum);
  if (url === undefined) return text;
  const target = url.replaceAll("&", "&amp;").replaceAll("|", "%7C").replaceAll("<", "%3C").replaceAll(">", "%3E");
  return target.length > 1200 || /\s/.test(target) ? text : `<${target}|${text}>`;
}
