import type { EventOf } from "../events/types.ts";
import type { Report } from "../findings/report.ts";
import type { Clock, Platform, Write } from "../platform/ports.ts";
import {
  creationWrites,
  type Delivery,
  newDelivery,
  reportDeliveryId,
  requestWrite,
  staleAfterDays,
} from "./deliveries.ts";
import { collectWrite } from "./digest.ts";
import { readReport } from "./report.ts";
import { matchRoutes, type RouteMatch } from "./route.ts";
import type { Route } from "./settings.ts";
import { plain } from "./text.ts";

/** The events that say that a report was written. */
export const reportEvents = ["ScanCompleted", "ClusterAssessed", "RematchCompleted"] as const;
type ReportEvent = (typeof reportEvents)[number];

export type RoutingPorts = Pick<Platform, "table" | "blobs" | "clock" | "log" | "metrics" | "settings">;

/**
 * Decides who hears of a scan, an assessment or a re-match: per matching route one delivery, or one entry in the route's digest.
 * The record of the delivery is written once per (route, report) and for good, so the same event, delivered or
 * replayed however often, and even after the route changed its digest, leads to one message at most.
 *
 * Throws `PermanentError("report-missing" | "report-unreadable")`.
 */
export async function routeReport(platform: RoutingPorts, event: EventOf<ReportEvent>): Promise<void> {
  const { table, blobs, clock, log, metrics, settings } = platform;
  const { routes } = settings.notifications;
  const failed = event.type === "ScanCompleted" && event.data.status === "failed";
  const escalated = event.type === "RematchCompleted" ? event.data.escalated : 0;
  if (routes.length === 0 || (event.data.introduced + event.data.fixed + escalated === 0 && !failed)) return;

  const report = await readReport(blobs, reportIdOf(event));
  if (isStale(report, clock)) {
    log.warn("report is too old to tell anybody", { report: report.id, endedAt: report.endedAt, staleAfterDays });
    metrics.count("notification-stale");
    return;
  }
  for (const match of matchRoutes(report, routes)) {
    const { route, introduced, fixed } = match;
    const writes =
      route.digest === "none" ? messageWrites(report, route, clock) : await collect(platform, report, match);
    const { written } = await table.transact(writes);
    if (!written) {
      log.debug("message was already routed", { route: route.name, report: report.id });
      continue;
    }
    log.info(route.digest === "none" ? "message routed" : "report collected for a digest", {
      route: route.name,
      report: report.id,
      subject: plain(report.subject.name, 200),
      introduced: introduced.length,
      fixed: fixed.length,
    });
    metrics.count("notification-routed", 1, { channel: route.target.channel });
  }
}

function reportIdOf(event: EventOf<ReportEvent>): string {
  if (event.type === "ScanCompleted") return event.data.scanId;
  return event.type === "ClusterAssessed" ? event.data.assessmentId : event.data.reportId;
}

/** Delivery records expire, and with them the memory of what was sent: what is older than this is told to nobody. */
function isStale(report: Report, clock: Clock): boolean {
  return clock.now() - Date.parse(report.endedAt) > staleAfterDays * 86_400_000;
}

function messageWrites(report: Report, route: Route, clock: Clock): readonly Write[] {
  const delivery: Delivery = { ...reportDelivery(report, route, clock), state: "pending" };
  return [...creationWrites(delivery), requestWrite(delivery, clock)];
}

async function collect(ports: RoutingPorts, report: Report, match: RouteMatch): Promise<readonly Write[]> {
  const { digest, write } = await collectWrite(ports, report, match);
  const delivery: Delivery = { ...reportDelivery(report, match.route, ports.clock), state: "collected", digest };
  return [...creationWrites(delivery), write];
}

function reportDelivery(report: Report, route: Route, clock: Clock): Omit<Delivery, "state"> {
  return newDelivery(clock, {
    id: reportDeliveryId(route.name, report.id),
    route: route.name,
    channel: route.target.channel,
    content: { kind: "report", reportId: report.id },
    subject: plain(report.subject.name, 200),
  });
}
