/** The HTTP API: routes are taken from the doors; a JWT of the given issuer opens those that need a token. */
import { type CfnParameter, Duration } from "aws-cdk-lib";
import { AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import {
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  type HttpRoute,
  HttpStage,
  LogGroupLogDestination,
} from "aws-cdk-lib/aws-apigatewayv2";
import { HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import type { HttpDoor } from "../../shared/platform/door.ts";
import type { Alarms } from "./alarms.ts";
import type { Logs } from "./logs.ts";

export interface ApiProps {
  readonly prefix: string;
  readonly logs: Logs;
  readonly alarms: Alarms;
  readonly issuer: CfnParameter;
  readonly audience: CfnParameter;
}

/** Requests per second that the whole API takes, and at once. Registries repeat what is refused with 429. */
const throttle = { rateLimit: 50, burstLimit: 100 };

/** No query string: Docker Hub's and Quay's webhooks carry their secret there. */
const accessLog = {
  requestId: "$context.requestId",
  time: "$context.requestTime",
  address: "$context.identity.sourceIp",
  method: "$context.httpMethod",
  path: "$context.path",
  route: "$context.routeKey",
  status: "$context.status",
  bytes: "$context.responseLength",
  milliseconds: "$context.responseLatency",
  principal: "$context.authorizer.claims.sub",
  authorizerError: "$context.authorizer.error",
  integrationError: "$context.integrationErrorMessage",
};

export class Api extends Construct {
  readonly http: HttpApi;
  readonly stage: HttpStage;
  /** Routes that need no token: their doors prove the sender. */
  readonly openRoutes: HttpRoute[] = [];
  readonly #authorizer: HttpJwtAuthorizer;

  constructor(scope: Construct, id: string, { prefix, logs, alarms, issuer, audience }: ApiProps) {
    super(scope, id);
    this.http = new HttpApi(this, "Http", {
      apiName: prefix,
      description: "Portwarden: findings, images, scans; webhooks of registries",
      createDefaultStage: false,
    });
    this.stage = new HttpStage(this, "Stage", {
      httpApi: this.http,
      stageName: "$default",
      autoDeploy: true,
      throttle,
      detailedMetricsEnabled: true,
      accessLogSettings: {
        destination: new LogGroupLogDestination(logs.group(this, "AccessLogs", "http-api")),
        format: AccessLogFormat.custom(JSON.stringify(accessLog)),
      },
    });
    this.#authorizer = new HttpJwtAuthorizer("Token", issuer.valueAsString, {
      authorizerName: `${prefix}-token`,
      jwtAudience: [audience.valueAsString],
    });
    const says = "The HTTP API answered at least 5 requests in 5 minutes with a server error.";
    alarms.add(
      this,
      "ServerErrorsAlarm",
      { name: "http-api-errors", says, section: "http-api" },
      { metric: this.http.metricServerError({ period: Duration.minutes(5), statistic: "Sum" }), threshold: 5 },
    );
  }

  /** Adds every route of a door. */
  serve(door: HttpDoor, handler: IFunction): void {
    const integration = new HttpLambdaIntegration(door.name, handler);
    for (const route of door.routes) {
      const [method = "", path = ""] = route.split(" ");
      const routes = this.http.addRoutes({
        path,
        methods: [methodOf(method)],
        integration,
        authorizer: door.access === "token" ? this.#authorizer : new HttpNoneAuthorizer(),
      });
      if (door.access === "none") this.openRoutes.push(...routes);
    }
  }
}

function methodOf(name: string): HttpMethod {
  const method = Object.values(HttpMethod).find((known) => known === name);
  if (method === undefined) throw new Error(`HTTP APIs know no method ${name}`);
  return method;
}
