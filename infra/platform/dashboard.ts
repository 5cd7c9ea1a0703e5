/** One page: the API, what waits, what fails, what the product counts. */
import { Duration } from "aws-cdk-lib";
import {
  AlarmStatusWidget,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
} from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import { metricsNamespace } from "../../shared/platform/aws/metrics.ts";
import type { DoorParts } from "../stack.ts";
import type { Platform } from "./platform.ts";

export interface DashboardProps {
  readonly platform: Platform;
  readonly doors: readonly DoorParts[];
}

const period = Duration.minutes(5);
const width = 12;
const height = 6;

export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, { platform, doors }: DashboardProps) {
    super(scope, id);
    const { alarms, api } = platform;
    const queues = doors.flatMap(({ door, queue }) => (queue === undefined ? [] : [{ label: door.name, queue }]));
    const dead = doors.flatMap(({ door, deadLetters }) =>
      deadLetters === undefined ? [] : [{ label: door.name, queue: deadLetters }],
    );
    const functions = doors.map(({ door, function: { lambda } }) => ({ label: door.name, lambda }));
    const sum = { period, statistic: "Sum" };
    const most = { period, statistic: "Maximum" };
    new CloudWatchDashboard(this, "Dashboard", {
      dashboardName: platform.prefix,
      defaultInterval: Duration.days(1),
      widgets: [
        [new AlarmStatusWidget({ title: "Alarms", alarms: alarms.all, width: 2 * width, height })],
        [
          graph(
            "Waiting messages",
            queues.map(({ label, queue }) => queue.metricApproximateNumberOfMessagesVisible({ ...most, label })),
          ),
          graph(
            "Dead letters",
            dead.map(({ label, queue }) => queue.metricApproximateNumberOfMessagesVisible({ ...most, label })),
          ),
        ],
        [
          graph(
            "Age of the oldest message (s)",
            queues.map(({ label, queue }) => queue.metricApproximateAgeOfOldestMessage({ ...most, label })),
          ),
          graph(
            "Invocations",
            functions.map(({ label, lambda }) => lambda.metricInvocations({ ...sum, label })),
          ),
        ],
        [
          graph(
            "Duration, 95 % (ms)",
            functions.map(({ label, lambda }) => lambda.metricDuration({ period, statistic: "p95", label })),
          ),
          graph(
            "Errors and throttles",
            functions.flatMap(({ label, lambda }) => [
              lambda.metricErrors({ ...sum, label }),
              lambda.metricThrottles({ ...sum, label: `${label} throttled` }),
            ]),
          ),
        ],
        [
          graph("API requests", [
            api.http.metricCount({ ...sum, label: "requests" }),
            api.http.metricClientError({ ...sum, label: "4xx" }),
            api.http.metricServerError({ ...sum, label: "5xx" }),
          ]),
          graph("What Portwarden counts", counters),
        ],
      ],
    });
  }
}

/** Other dimensions besides the door that the rooms give their counters; a search finds exactly its dimensions. */
const dimensions = ["", ",status", ",channel", ",sender", ",sender,reason"];
const counters = dimensions.map(
  (names) =>
    new MathExpression({
      expression: `SEARCH('{${metricsNamespace},service${names}}', 'Sum', 300)`,
      label: "",
      period,
    }),
);

const graph = (title: string, left: IMetric[]) => new GraphWidget({ title, left, width, height });
