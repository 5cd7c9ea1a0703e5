import { type Command, Option } from "commander";
import { deliveryPage, resentDelivery } from "../../shared/api/delivery-routes.ts";
import { deliveryStates } from "../../shared/notifications/deliveries.ts";
import { connect } from "../client.ts";
import { clean, paint, table } from "../terminal.ts";
import { type ListOptions, more, type OutputOptions, platformOptions, print } from "./platform.ts";

interface DeliveryListOptions extends ListOptions {
  readonly state?: string;
}

export function registerDeliveries(program: Command): void {
  const deliveries = program.command("deliveries").description("Messages that were or are to be sent");
  platformOptions(deliveries.command("list"))
    .description("Messages by route, newest first; uncertain and failed ones are those to look at")
    .addOption(new Option("--state <state>", "only these").choices(deliveryStates))
    .option("--limit <number>", "results per page", "50")
    .option("--cursor <cursor>", "continue after a page")
    .action(async (options: DeliveryListOptions) => {
      const { state, limit, cursor } = options;
      const page = await connect(options).get("/v1/deliveries", deliveryPage, { state, limit, cursor });
      print(options, page, () =>
        page.deliveries.length === 0 ? "no messages yet" : deliveryTable(page.deliveries) + more(page.next),
      );
    });
  platformOptions(deliveries.command("resend"))
    .description("Send a message again that failed, or whose outcome is not known")
    .argument("<id>", "the delivery's id")
    .action(async (id: string, options: OutputOptions) => {
      const answer = await connect(options).post(`/v1/deliveries/${encodeURIComponent(id)}/resend`, resentDelivery, {});
      print(options, answer, () => `${clean(id)} is ${answer.delivery.state}`);
    });
}

function deliveryTable(deliveries: (typeof deliveryPage)["_output"]["deliveries"]): string {
  return table(deliveries, [
    { title: "CREATED", value: ({ createdAt }) => createdAt },
    { title: "ROUTE", value: ({ route }) => route },
    {
      title: "STATE",
      value: ({ state }) => state,
      paint: ({ state }, text) => (state === "failed" || state === "uncertain" ? paint("red", text) : text),
    },
    { title: "ID", value: ({ id }) => id },
  ]);
}
