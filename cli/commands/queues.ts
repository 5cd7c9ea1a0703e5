import type { Command } from "commander";
import * as schemas from "../../shared/api/schemas.ts";
import { connect } from "../client.ts";
import { clean, paint, table } from "../terminal.ts";
import { type OutputOptions, platformOptions, print } from "./platform.ts";

export function registerQueues(program: Command): void {
  const queues = program.command("queues").description("Queues of the platform and their dead letters");
  platformOptions(queues.command("list"))
    .description("What waits in each queue, and its dead letters")
    .action(async (options: OutputOptions) => {
      const answer = await connect(options).get("/v1/queues", schemas.queueList);
      print(options, answer, () =>
        table(answer.queues, [
          { title: "QUEUE", value: ({ name }) => name },
          { title: "WAITING", value: ({ waiting }) => String(waiting) },
          { title: "IN FLIGHT", value: ({ inFlight }) => String(inFlight) },
          { title: "DELAYED", value: ({ delayed }) => String(delayed) },
          {
            title: "DEAD LETTERS",
            value: ({ deadLetters }) => String(deadLetters),
            paint: ({ deadLetters }, text) => (deadLetters > 0 ? paint("red", text) : text),
          },
        ]),
      );
    });
  platformOptions(queues.command("redrive"))
    .description("Put the dead letters of a queue back into it")
    .argument("<queue>", "the queue's name")
    .action(async (queue: string, options: OutputOptions) => {
      const answer = await connect(options).post(
        `/v1/queues/${encodeURIComponent(queue)}/redrive`,
        schemas.redriven,
        {},
      );
      print(
        options,
        answer,
        () => `${answer.moved} ${answer.moved === 1 ? "message" : "messages"} moved back into ${clean(queue)}`,
      );
    });
}
