/**
 * The whole job in one process, with nothing installed and no network: a registry, an image of real packages with
 * known-vulnerable versions, a push, the findings, and the messages. Then a better image, and what it fixed.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { styleText } from "node:util";
import type { Email } from "postal-mime";
import { connect } from "../../cli/client.ts";
import { findingTable } from "../../cli/commands/findings.ts";
import { updateAdvisories } from "../../shared/advisories/update/update.ts";
import { findingPage } from "../../shared/api/schemas.ts";
import { previewMail, previewSlack } from "../../shared/notifications/preview.ts";
import { consoleLog } from "../../shared/platform/embedded/log.ts";
import { embeddedSecrets } from "../../shared/platform/embedded/secrets.ts";
import { type RunningHost, startHost } from "../host.ts";
import { localPorts } from "../ports.ts";
import { readLocalSettings } from "../settings.ts";
import { localToken } from "../token.ts";
import { demoAdvisories } from "./advisories.ts";
import { betterImage, vulnerableImage } from "./image.ts";
import { mailReceiver, slackReceiver } from "./receivers.ts";
import { startRegistry } from "./registry.ts";

const bold = (text: string) => styleText("bold", text, { stream: process.stdout, validateStream: true });
let number = 0;
const step = (text: string) => console.log(`\n${bold(`${++number}. ${text}`)}`);

const data = mkdtempSync(join(tmpdir(), "portwarden-demo-"));
const [slack, mail] = await Promise.all([slackReceiver(), mailReceiver()]);
let host: RunningHost | undefined;
try {
  host = await startPlatform();
  const registry = await startRegistry({
    notifications: { url: `${host.url}/v1/hooks/distribution`, headers: { authorization: "Bearer demo-secret" } },
  });
  step(`The platform listens on ${host.url}, a registry on ${registry.address}`);

  step("Advisories: four records about three npm packages");
  const files = join(data, "records");
  mkdirSync(files);
  for (const [index, record] of demoAdvisories.entries())
    writeFileSync(join(files, `${index}.json`), JSON.stringify(record));
  await updateAdvisories(host.platform, host.platform.settings.advisories, files);

  step("Push shop:1.0, with minimist 0.0.8, ini 1.3.5 and y18n 4.0.0 inside");
  const started = performance.now();
  await registry.push(vulnerableImage(), "demo/shop", "1.0");
  await show(1);
  console.log(`from push to both messages: ${Math.round(performance.now() - started)} ms`);

  step("The findings, as `portwarden findings list` shows them");
  const client = connect({ data });
  const page = await client.get("/v1/findings", findingPage, { limit: "20" });
  console.log(findingTable(page.findings));

  step("Push shop:1.0 again, with minimist upgraded and y18n gone: what is fixed");
  await registry.push(betterImage(), "demo/shop", "1.0");
  await show(2);
  await registry.close();
} finally {
  await host?.stop();
  await Promise.all([slack.close(), mail.close()]);
  rmSync(data, { recursive: true, force: true });
}
console.log(`\n${bold("Done.")} Run it for real: npm start`);

async function startPlatform(): Promise<RunningHost> {
  const local = readLocalSettings(data, {
    PORTWARDEN_SLACK_WEBHOOK_URL: slack.url,
    PORTWARDEN_SMTP_URL: mail.url,
    PORTWARDEN_MAIL_TO: "team@example.com",
  });
  const log = consoleLog({ level: "info" });
  const secrets = embeddedSecrets(data, { ...local.secrets, distribution: "demo-secret" });
  const { token } = localToken(data);
  const ports = localPorts({ ...local, log, secrets });
  return startHost({ dataDirectory: data, host: "127.0.0.1", port: 0, token, ports, schedules: false });
}

async function show(count: number): Promise<void> {
  const [posted, received] = await Promise.all([slack.wait(count), mail.wait(count)]);
  console.log(`\n${previewSlack(posted.blocks)}\n\n${previewMail(asMail(received))}`);
}

function asMail(email: Email) {
  return {
    from: email.from?.address ?? "",
    to: (email.to ?? []).map(({ address }) => address ?? ""),
    subject: email.subject ?? "",
    text: email.text ?? "",
    html: email.html ?? "",
    messageId: email.messageId ?? "",
  };
}
