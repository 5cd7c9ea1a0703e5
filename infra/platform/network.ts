/** Where the functions run: outside of any VPC, in a new one, or in private subnets that are there already. */
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  type ISecurityGroup,
  type IVpc,
  SecurityGroup,
  SubnetType,
  Vpc,
} from "aws-cdk-lib/aws-ec2";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import type { DeployOptions, ExistingNetwork } from "../options.ts";
import type { Logs } from "./logs.ts";

export interface NetworkProps {
  readonly prefix: string;
  readonly options: NonNullable<DeployOptions["network"]>;
  readonly logs: Logs;
}

export class Network extends Construct {
  readonly vpc: IVpc;
  readonly securityGroup: ISecurityGroup;

  constructor(scope: Construct, id: string, { prefix, options, logs }: NetworkProps) {
    super(scope, id);
    this.vpc = options.kind === "new" ? (this.#make(logs) as IVpc) : this.#find(options);
    // Registries stand anywhere and on any port; nothing ever connects to a function.
    this.securityGroup = new SecurityGroup(this, "Functions", {
      vpc: this.vpc,
      securityGroupName: `${prefix}-functions`,
      description: "Portwarden functions: out to registries, AWS, Slack; nothing in",
      allowAllOutbound: true,
    });
  }

  /** Lambda makes and removes the network interfaces with the function's own role. */
  grantInterfaces(grantee: IGrantable): void {
    Grant.addToPrincipal({
      grantee,
      actions: [
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
      ],
      resourceArns: ["*"],
    });
  }

  /** Two zones; one NAT gateway, since losing a zone only delays what waits in the queues. */
  #make(logs: Logs): Vpc {
    const vpc = new Vpc(this, "Vpc", {
      maxAzs: 2,
      natGateways: 1,
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [
        { name: "public", subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false, cidrMask: 26 },
        { name: "functions", subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 22 },
      ],
      gatewayEndpoints: {
        DynamoDB: { service: GatewayVpcEndpointAwsService.DYNAMODB },
        S3: { service: GatewayVpcEndpointAwsService.S3 },
      },
    });
    vpc.addFlowLog("FlowLog", {
      destination: FlowLogDestination.toCloudWatchLogs(logs.group(this, "FlowLogs", "network")),
      trafficType: FlowLogTrafficType.ALL,
    });
    return vpc;
  }

  #find({ vpc, subnets }: ExistingNetwork): IVpc {
    return Vpc.fromVpcAttributes(this, "Vpc", {
      vpcId: vpc,
      privateSubnetIds: [...subnets],
      // Their true zones matter to nothing here; the CDK wants one for each subnet.
      availabilityZones: subnets.map((_, index) => `zone-${index + 1}`),
    });
  }
}
