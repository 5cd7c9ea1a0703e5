/** The protocol of credential helpers: https://github.com/docker/docker-credential-helpers */
import { spawn } from "node:child_process";
import * as z from "zod";
import type { Credentials } from "../types.ts";
import { credentialsOf } from "./token-user.ts";

const outputBytes = 64 * 1024;
const answerSchema = z.object({ Username: z.string(), Secret: z.string().min(1) });

/**
 * Runs `docker-credential-NAME get` and gives it the server on its input.
 * @param name checked before: letters, digits, `_` and `-`
 * @returns `undefined` when the helper says that it has none
 * @throws Error when it fails, says too much, or takes too long; the message never holds its output
 */
export async function askHelper(name: string, server: string, milliseconds: number): Promise<Credentials | undefined> {
  const { code, output } = await run(`docker-credential-${name}`, server, milliseconds);
  if (code !== 0) {
    if (/credentials not found/i.test(output)) return undefined;
    throw new Error(`it ended with ${code ?? "a signal"}`);
  }
  let raw: unknown;
  try {
    raw = JSON.parse(output);
  } catch {
    throw new Error("its answer is not JSON");
  }
  const answer = answerSchema.safeParse(raw);
  if (!answer.success) throw new Error("its answer has no user name and secret");
  return credentialsOf(answer.data.Username, answer.data.Secret);
}

function run(
  command: string,
  input: string,
  milliseconds: number,
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, ["get"], { stdio: ["pipe", "pipe", "ignore"], shell: false });
    const parts: Buffer[] = [];
    let size = 0;
    const stop = (why: string) => {
      reject(new Error(why));
      child.kill("SIGKILL");
    };
    const timer = setTimeout(() => stop(`it took over ${milliseconds} ms`), milliseconds);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(new Error(`it cannot be started (${"code" in error ? String(error.code) : "unknown"})`));
    });
    child.stdout.on("data", (part: Buffer) => {
      size += part.length;
      if (size > outputBytes) stop(`its answer is over ${outputBytes} bytes`);
      else parts.push(part);
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, output: Buffer.concat(parts).toString("utf8") });
    });
    // A helper that ends without reading its input breaks the pipe; its exit code says what matters.
    child.stdin.on("error", () => undefined);
    child.stdin.end(`${input}\n`);
  });
}
