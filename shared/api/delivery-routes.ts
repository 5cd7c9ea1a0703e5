import * as z from "zod";
import { deliverySchema, deliveryStates, listDeliveries } from "../notifications/deliveries.ts";
import { resendDelivery } from "../notifications/delivery.ts";
import { limits } from "../platform/limits.ts";
import { route } from "./route.ts";

const deliveriesQuery = z.object({
  state: z.enum(deliveryStates).optional().meta({ description: "`uncertain` and `failed` are those to look at" }),
  limit: z.coerce.number().int().min(1).max(limits.pageSize).default(100).meta({ description: "Results per page" }),
  cursor: z.string().max(1024).optional().meta({ description: "The `next` of the page before; opaque" }),
});
export const deliveryPage = z.object({ deliveries: z.array(deliverySchema), next: z.string().optional() });
const deliveryParams = z.object({ id: z.string().regex(/^[A-Za-z0-9:_-]{1,128}$/) });
export const resentDelivery = z.object({ delivery: deliverySchema });

export const deliveryRoutes = [
  route({
    method: "get",
    path: "/v1/deliveries",
    id: "listDeliveries",
    summary: "Messages that were or are to be sent, newest first",
    query: deliveriesQuery,
    response: deliveryPage,
    async handle(platform, { query: { state, limit, cursor } }) {
      const page = await listDeliveries(platform.table, {
        limit,
        ...(state === undefined ? {} : { state }),
        ...(cursor === undefined ? {} : { after: cursor }),
      });
      return { deliveries: [...page.deliveries], ...(page.next === undefined ? {} : { next: page.next }) };
    },
  }),
  route({
    method: "post",
    path: "/v1/deliveries/{id}/resend",
    id: "resendDelivery",
    summary: "Send a message again whose outcome is not known, or that failed",
    params: deliveryParams,
    response: resentDelivery,
    errors: [404, 409],
    handle: async (platform, { params }) => ({ delivery: await resendDelivery(platform, params.id) }),
  }),
];
