/** Ways of building that posture checks ask about, seen in the steps of an image's history. */
import type { Step } from "./history.ts";
import type { BuildHabit } from "./types.ts";

/** Habits of commands (RUN). Every repetition is bounded, so that a step is looked at in time that grows with its length. */
const commandHabits: readonly (readonly [BuildHabit, RegExp])[] = [
  [
    "pipe-to-shell",
    /\b(?:curl|wget)\b[^|;&\n]{0,500}\|\s{0,4}(?:sudo\s{1,4}(?:-\S{1,20}\s{1,4})?)?(?:\/bin\/)?(?:ba|da|a|z)?sh\b|\b(?:ba|da|a|z)?sh\s{1,4}(?:-c\s{1,4}["']?\$\(|<\()\s{0,4}(?:curl|wget)\b/,
  ],
  ["sudo", /(?:^|[;&|(\n]|\s-c\s|\b(?:then|do|else|exec)\s)\s{0,4}sudo\s/],
  ["world-writable", /\bchmod\s{1,4}(?:-\S{1,10}\s{1,4})?(?:0?[0-7]{2}[2367]|(?:a|o|go|ugo|uo)?\+[rx]?w[rx]?)(?:\s|$)/],
  ["latest", /[:@=]latest\b/],
  [
    "unverified-packages",
    /--allow-unauthenticated|--force-yes|--allow-untrusted|--nogpgcheck|--no-gpg-checks?|--no-check-certificate|--trusted-host|trusted=yes|gpgcheck=0|strict-ssl[= ]false|NODE_TLS_REJECT_UNAUTHORIZED=0|GIT_SSL_NO_VERIFY|\bcurl\b[^|;&\n]{0,300}\s(?:-[a-zA-Z]{0,10}k[a-zA-Z]{0,10}|--insecure)\s/,
  ],
];

const updates =
  /\b(?:apt|apt-get|apk|yum|dnf|microdnf|zypper)\s{1,4}(?:-\S{1,30}\s{1,4}){0,5}(?:update|refresh|makecache)\b/;
const installs = /\b(?:install|add|upgrade|dist-upgrade|full-upgrade|in)\b/;
const archive = /\.(?:tar|tgz|tbz2?|txz|gz|bz2|xz|zst)(?:\.[a-z0-9]{1,4})?\b/i;

/** What one step shows, in the order of `BuildHabit`. */
export function habitsOf({ instruction, text }: Pick<Step, "instruction" | "text">): readonly BuildHabit[] {
  if (instruction === "ADD") return addHabits(text);
  if (instruction === "COPY" || instruction === "ARG") return /[:@]latest\b/.test(text) ? ["latest"] : [];
  if (instruction !== "RUN") return [];
  const habits = commandHabits.filter(([, pattern]) => pattern.test(text)).map(([habit]) => habit);
  return updates.test(text) && !installs.test(text.replace(updates, "")) ? [...habits, "update-alone"] : habits;
}

/**
 * ADD is meant for archives that it unpacks: the root filesystem of a base image among them (the classic builder writes
 * it `file:<hash> in /`).
 */
function addHabits(text: string): readonly BuildHabit[] {
  if (/\b(?:https?|ftp|git):\/\/|\bgit@/.test(text)) return ["add-remote"];
  const target = text.replace(/\s{1,4}# buildkit$/, "").trim();
  return archive.test(target) || /\s\/$/.test(target) ? [] : ["add-instead-of-copy"];
}
