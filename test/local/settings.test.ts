import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readLocalSettings } from "../../local/settings.ts";
import { localToken, tokenPath } from "../../local/token.ts";
import { removeDirectory, temporaryDirectory } from "../support/host.ts";

const folder = temporaryDirectory();
afterAll(() => removeDirectory(folder));

let directories = 0;
/** A data directory with this settings file. */
function directoryWith(yaml?: string): string {
  const directory = join(folder, String(++directories));
  mkdirSync(directory);
  if (yaml !== undefined) writeFileSync(join(directory, "portwarden.yaml"), yaml);
  return directory;
}
const read = (yaml?: string, environment: Record<string, string> = {}) =>
  readLocalSettings(directoryWith(yaml), environment);

describe("the settings file", () => {
  it("may be missing, empty, or have headings with nothing under them", () => {
    const none = read();
    expect(none.file).toBeUndefined();
    expect(none.settings.notifications.routes).toEqual([]);
    expect(none.settings.intake.distribution).toEqual({ secrets: ["distribution"] });
    expect(none.settings.registries.allowPrivate).toContain("127.0.0.1");
    for (const yaml of ["", "# nothing yet\n", "notifications:\nregistries:\n  # allow: []\n"]) {
      const { settings, file } = read(yaml);
      expect(settings).toEqual(none.settings);
      expect(file).toContain("portwarden.yaml");
    }
  });

  it("keeps what it says beside what the embedded platform adds", () => {
    const { settings } = read(`
registries:
  allowPrivate: [registry.lan]
intake:
  github: { secrets: [gh] }
notifications:
  routes:
    - name: team
      target: { channel: email, from: a@example.com, to: [b@example.com] }
advisories: { warnAfterDays: 2 }
`);
    expect(settings.registries.allowPrivate).toEqual(expect.arrayContaining(["registry.lan", "127.0.0.1"]));
    expect(settings.intake).toMatchObject({ github: { secrets: ["gh"] }, distribution: { secrets: ["distribution"] } });
    expect(settings.notifications.routes.map(({ name }) => name)).toEqual(["team"]);
    expect(settings.advisories.warnAfterDays).toBe(2);
  });

  it.each([
    ["registries: [", /portwarden\.yaml: .*line 1/is],
    ["- a\n- b\n", /expected sections/],
    ["just text", /expected sections/],
    ["notification: {}", /notification/],
    ["registries: { allwo: [] }", /allwo.*registries/s],
    ["registries: docker.io", /expected object.*registries/s],
    ["registries: { allowPrivate: localhost }", /expected array.*allowPrivate/s],
    ["notifications: { routes: 5 }", /expected array.*notifications\.routes/s],
    ["notifications: { routes: [{ name: Team A }] }", /routes\[0\]/],
    ["intake: 5", /expected object.*intake/s],
    ["advisories: { warnAfterDays: soon }", /expected number.*warnAfterDays/s],
    [`a: &a [x]\nb: &b [${"*a,".repeat(60)}]\nc: [${"*b,".repeat(60)}]\n`, /alias/i],
  ])("is refused with the place and the reason: %s", (yaml, reason) => {
    let thrown: unknown;
    try {
      read(yaml);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      name: "PermanentError",
      code: "bad-settings",
      message: expect.stringMatching(reason),
    });
    expect(String(thrown)).toContain("portwarden.yaml");
  });

  it("must be there when it was named", () => {
    const file = join(folder, "none.yaml");
    expect(() => readLocalSettings(directoryWith(), {}, file)).toThrow(`there is no settings file ${file}`);
  });
});

describe("the environment", () => {
  it("makes a Slack and an email route, and keeps the webhook out of the settings", () => {
    const url = "https://hooks.slack.com/services/T0/B0/xyz";
    const { settings, secrets, smtpUrl, logLevel } = read(undefined, {
      PORTWARDEN_SLACK_WEBHOOK_URL: url,
      PORTWARDEN_MAIL_TO: "a@example.com, b@example.com",
      PORTWARDEN_MAIL_FROM: "warden@example.com",
      PORTWARDEN_SMTP_URL: "smtps://user:secret@mail.example:465",
      PORTWARDEN_LOG: "debug",
      PATH: "/bin",
    });
    expect(settings.notifications.routes).toMatchObject([
      { name: "slack", target: { channel: "slack", secret: "slack-webhook" } },
      { name: "email", target: { from: "warden@example.com", to: ["a@example.com", "b@example.com"] } },
    ]);
    expect(secrets).toEqual({ "slack-webhook": url });
    expect(JSON.stringify(settings)).not.toContain("xyz");
    expect([smtpUrl, logLevel]).toEqual(["smtps://user:secret@mail.example:465", "debug"]);
  });

  it.each([
    [{ PORTWARDEN_SLACK_WEBHOOK_URL: "hooks-secret" }, "PORTWARDEN_SLACK_WEBHOOK_URL"],
    [{ PORTWARDEN_SMTP_URL: "http://user:hooks-secret@mail.example" }, "PORTWARDEN_SMTP_URL"],
    [{ PORTWARDEN_MAIL_TO: "somebody" }, "PORTWARDEN_MAIL_TO"],
    [{ PORTWARDEN_LOG: "loud" }, "PORTWARDEN_LOG"],
  ])("is refused by name, without its value: %s", (environment, name) => {
    expect(() => read(undefined, environment)).toThrow(name);
    expect(() => read(undefined, environment)).not.toThrow("hooks-secret");
  });
});

describe("the token", () => {
  it("is made once, for its owner only, and kept", () => {
    const directory = join(directoryWith(), "deep", "data");
    const made = localToken(directory);
    expect(made).toEqual({ created: true, token: expect.stringMatching(/^pw_[\w-]{32}$/) });
    expect(statSync(tokenPath(directory)).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(localToken(directory)).toEqual({ token: made.token, created: false });
    expect(readFileSync(tokenPath(directory), "utf8")).toBe(`${made.token}\n`);
  });

  it("is closed to others again, and never an empty one", () => {
    const directory = directoryWith();
    writeFileSync(tokenPath(directory), `${"t".repeat(30)}\n`, { mode: 0o644 });
    expect(localToken(directory).token).toBe("t".repeat(30));
    expect(statSync(tokenPath(directory)).mode & 0o777).toBe(0o600);
    writeFileSync(tokenPath(directory), "\n");
    expect(() => localToken(directory)).toThrow(/holds no token/);
  });
});
