import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import PostalMime from "postal-mime";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { describe, expect, test } from "vitest";
import { consoleLog } from "../../../../shared/platform/embedded/log.ts";
import { smtpMailer } from "../../../../shared/platform/embedded/mailer.ts";
import { embeddedMetrics } from "../../../../shared/platform/embedded/metrics.ts";
import { terminalProgress } from "../../../../shared/platform/embedded/progress.ts";

function recorder(isTTY: boolean) {
  const lines: string[] = [];
  return { lines, stream: { isTTY, write: (text: string) => lines.push(text) } };
}

describe("the log", () => {
  const clock = { now: () => new Date(2026, 0, 1, 12, 3, 4).getTime() };

  test("one readable line per step", () => {
    const { lines, stream } = recorder(false);
    const log = consoleLog({ stream, clock });
    log.info("listening", { port: 8080 });
    log.named("scan-image").info("scanned", { image: "app:1", packages: 120, partial: false, digest: undefined });
    log.named("deliver").warn("trying again", { reason: 'said "no"', empty: "" });
    log.error("gone");
    expect(lines).toEqual([
      "12:03:04 listening port=8080\n",
      "12:03:04 scan-image         scanned image=app:1 packages=120 partial=false\n",
      '12:03:04 deliver            warning: trying again reason="said \\"no\\"" empty=""\n',
      "12:03:04 error: gone\n",
    ]);
  });

  test("says nothing below its level", () => {
    const { lines, stream } = recorder(false);
    const log = consoleLog({ stream, clock, level: "warn" });
    log.debug("d");
    log.named("n").info("i");
    log.warn("w");
    log.error("e");
    expect(lines.map((line) => line.trim().slice(9))).toEqual(["warning: w", "error: e"]);
  });

  test("no text can forge a line, drive the terminal or hide", () => {
    const { lines, stream } = recorder(false);
    const hostile = "a\r\n12:00:00 forged\u001b[2J\u0007\u009b31m\u202etxt\u2028\u200b\u0000\ud800";
    consoleLog({ stream, clock })
      .named(hostile)
      .info(hostile, { field: hostile, long: "x".repeat(10_000) });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).toMatch(/^[\x20-\x7e…]*$/);
    expect(lines[0]).toContain("\\u{1b}[2J");
    expect(lines[0]?.length).toBeLessThan(1500);
  });

  test("colours and the clearing of a progress line on a terminal only", () => {
    const { lines, stream } = recorder(true);
    consoleLog({ stream, clock }).error("gone");
    consoleLog({ stream, clock, colours: false }).error("gone");
    expect(lines[0]).toContain("\u001b[31merror: gone\u001b[0m");
    expect(lines[1]).toBe("\r\u001b[K12:03:04 error: gone\n");
  });
});

describe("progress", () => {
  test("is one line, drawn at most ten times a second, and vanishes at the end", () => {
    const { lines, stream } = recorder(true);
    const progress = terminalProgress(stream);
    for (let done = 0; done <= 1000; done++) progress.report("scanning \u001b[2Jx", done * 1e5, 1e8);
    expect(lines.length).toBeLessThan(20);
    expect(lines[0]).toContain("scanning \\u{1b}[2Jx ░");
    expect(lines.at(-1)).toBe("\r\u001b[K");
    progress.report("unknown size", 2.5e6, undefined);
    expect(lines.at(-1)).toContain("2.5 MB");
  });

  test("is silent where there is no terminal", () => {
    const { lines, stream } = recorder(false);
    terminalProgress(stream).report("scanning", 1, 2);
    expect(lines).toEqual([]);
  });
});

test("metrics add up by name and dimensions, and stay bounded", () => {
  const metrics = embeddedMetrics();
  metrics.count("scans");
  metrics.count("scans", 2);
  metrics.count("rejected", 1, { sender: "ecr", reason: "signature" });
  metrics.count("rejected", 1, { reason: "signature", sender: "ecr" });
  metrics.count("rejected", 5, { sender: "quay" });
  expect(metrics.snapshot()).toEqual([
    { name: "rejected", dimensions: { reason: "signature", sender: "ecr" }, value: 2 },
    { name: "rejected", dimensions: { sender: "quay" }, value: 5 },
    { name: "scans", dimensions: {}, value: 3 },
  ]);
  for (let n = 0; n < 5000; n++) metrics.count("mistake", 1, { id: String(n) });
  const snapshot = metrics.snapshot();
  expect(snapshot.length).toBeLessThan(1100);
  expect(snapshot.reduce((sum, { name, value }) => sum + (name === "mistake" ? value : 0), 0)).toBe(5000);
});

describe("mail over SMTP", () => {
  const mail = {
    from: "portwarden@example.com",
    to: ["ops@example.com", "dev@example.com"],
    subject: "2 new findings in app\r\nBcc: injected@example.com",
    text: "Grüße",
    html: "<p>Grüße 😀</p>",
    messageId: "delivery-1.abc@portwarden",
  };

  async function server(options: SMTPServerOptions) {
    const received: Buffer[] = [];
    const smtp = new SMTPServer({
      disabledCommands: ["STARTTLS"],
      authOptional: true,
      allowInsecureAuth: true,
      logger: false,
      async onData(stream, _session, done) {
        received.push(Buffer.concat(await stream.toArray()));
        done();
      },
      ...options,
    });
    smtp.on("error", () => {});
    const sockets = new Set<Socket>();
    smtp.server.on("connection", (socket: Socket) => void sockets.add(socket));
    smtp.listen(0, "127.0.0.1");
    await once(smtp.server, "listening");
    const { port } = smtp.server.address() as AddressInfo;
    const mailer = smtpMailer(`smtp://user:p%40ss@127.0.0.1:${port}`);
    return {
      mailer,
      received,
      cut: () => {
        for (const socket of sockets) socket.destroy();
      },
      async [Symbol.asyncDispose]() {
        await new Promise<void>((resolve) => smtp.close(resolve));
      },
    };
  }

  const refusal = (code: number) => Object.assign(new Error("no"), { responseCode: code });

  test("sends both bodies to all, logged in, with its message id", async () => {
    const logins: unknown[] = [];
    await using smtp = await server({
      onAuth(auth, _session, done) {
        logins.push([auth.username, auth.password]);
        done(null, { user: "user" });
      },
    });
    await smtp.mailer.send(mail);
    const parsed = await PostalMime.parse(smtp.received[0] ?? Buffer.of());
    expect(parsed.messageId).toBe("<delivery-1.abc@portwarden>");
    expect(parsed.to?.map(({ address }) => address)).toEqual(mail.to);
    expect(parsed.bcc).toBeUndefined();
    expect(parsed.subject).toContain("2 new findings in app");
    expect(parsed.text?.trim()).toBe(mail.text);
    expect(parsed.html?.trim()).toBe(mail.html);
    expect(logins).toEqual([["user", "p@ss"]]);
  });

  const accept: SMTPServerOptions = { onAuth: (_auth, _session, done) => done(null, { user: "user" }) };
  test.each<[string, SMTPServerOptions, object]>([
    ["a sender refused for good", { onMailFrom: (_, __, done) => done(refusal(550)) }, { code: "mail-rejected" }],
    ["all recipients refused for good", { onRcptTo: (_, __, done) => done(refusal(550)) }, { code: "mail-rejected" }],
    [
      "one recipient refused for good",
      { onRcptTo: ({ address }, _, done) => (address.startsWith("dev") ? done(refusal(550)) : done()) },
      { name: "PermanentError", code: "mail-rejected" },
    ],
    [
      "a full mailbox",
      { onRcptTo: (_, __, done) => done(refusal(452)) },
      { name: "TransientError", code: "mail-deferred" },
    ],
    ["a busy server", { onConnect: (_, done) => done(refusal(421)) }, { name: "TransientError" }],
  ])("%s", async (_, options, expected) => {
    await using smtp = await server({ ...accept, ...options });
    await expect(smtp.mailer.send(mail)).rejects.toMatchObject(expected);
  });

  test("a server that is not there", async () => {
    const gone = await server(accept);
    await gone[Symbol.asyncDispose]();
    await expect(gone.mailer.send(mail)).rejects.toMatchObject({ name: "TransientError", code: "mail-unreachable" });
  });

  test("a connection that breaks after the content: nobody knows whether it was taken", async () => {
    await using smtp = await server({
      ...accept,
      onData(stream) {
        stream.resume().on("end", () => smtp.cut());
      },
    });
    await expect(smtp.mailer.send(mail)).rejects.toMatchObject({ name: "TransientError", code: "outcome-unknown" });
  });

  test("a connection that breaks before the content: nothing was sent", async () => {
    await using smtp = await server({ ...accept, onMailFrom: () => smtp.cut() });
    await expect(smtp.mailer.send(mail)).rejects.toMatchObject({ name: "TransientError", code: "mail-unreachable" });
  });

  test("no recipients", async () => {
    await using smtp = await server(accept);
    await expect(smtp.mailer.send({ ...mail, to: [] })).rejects.toMatchObject({ code: "mail-rejected" });
  });

  test("another kind of URL", () => {
    expect(() => smtpMailer("https://mail.example.com")).toThrow(expect.objectContaining({ code: "bad-smtp-url" }));
  });
});
