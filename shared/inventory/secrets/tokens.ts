/** Secrets that are known by their own form, wherever they stand. Forms as their vendors describe them. */
import type { SecretRule } from "./rule.ts";
import { isExampleToken, isPlaceholder } from "./values.ts";

/** Not in the middle of a longer word. */
const before = "(?<![A-Za-z0-9_-])";
const after = "(?![A-Za-z0-9_-])";

function token(
  id: string,
  title: string,
  severity: SecretRule["severity"],
  keywords: readonly string[],
  form: string,
  minimumEntropy = 3,
): SecretRule {
  return {
    id,
    title,
    severity,
    keywords,
    pattern: new RegExp(`${before}(?<value>${form})${after}`, "g"),
    minimumEntropy,
    accept: (value) => !isExampleToken(value),
  };
}

const gitlabPrefixes = ["pat-", "dt-", "rt-", "cbt-", "ptt-", "ft-", "soat-", "imt-", "agent-", "oas-"].map(
  (one) => `gl${one}`,
);

export const tokenRules: readonly SecretRule[] = [
  // Cloud providers
  token("aws-access-key-id", "AWS access key id", "high", ["AKIA", "ASIA"], "(?:AKIA|ASIA)[A-Z2-7]{16}"),
  token("gcp-api-key", "Google API key", "high", ["AIza"], "AIza[0-9A-Za-z_-]{35}"),
  token("gcp-oauth-secret", "Google OAuth client secret", "high", ["GOCSPX-"], "GOCSPX-[A-Za-z0-9_-]{28}"),
  token("gcp-refresh-token", "Google refresh token", "critical", ["1//0"], "1//0[A-Za-z0-9_-]{40,200}", 4),
  token(
    "azure-client-secret",
    "Microsoft Entra client secret",
    "critical",
    ["Q~"],
    "[A-Za-z0-9_.-]{3}[0-9]Q~[A-Za-z0-9_.~-]{31,34}",
    4,
  ),
  token("azure-devops-token", "Azure DevOps token", "high", ["AZDO"], "[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}", 4),
  token("digitalocean-token", "DigitalOcean token", "critical", ["_v1_"], "do[opr]_v1_[a-f0-9]{64}"),
  token("alibaba-access-key-id", "Alibaba Cloud access key id", "high", ["LTAI"], "LTAI5t[A-Za-z0-9]{18}", 3.5),
  // Source code and packages
  token(
    "github-token",
    "GitHub token",
    "critical",
    ["ghp_", "gho_", "ghr_", "ghs_", "ghu_"],
    "gh[oprsu]_[A-Za-z0-9]{36,251}",
    3.5,
  ),
  token(
    "github-fine-grained-token",
    "GitHub token",
    "critical",
    ["github_pat_"],
    "github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    3.5,
  ),
  token(
    "gitlab-token",
    "GitLab token",
    "critical",
    gitlabPrefixes,
    "gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent|oas)-[A-Za-z0-9_-]{20,300}(?:\\.[a-z0-9]{2}\\.[a-z0-9]{9})?",
    3.2,
  ),
  token("npm-token", "npm token", "critical", ["npm_"], "npm_[A-Za-z0-9]{36}", 3.5),
  token("pypi-token", "PyPI token", "critical", ["pypi-"], "pypi-AgE[A-Za-z0-9_-]{50,400}", 3.5),
  token("rubygems-token", "RubyGems token", "critical", ["rubygems_"], "rubygems_[a-f0-9]{48}"),
  token("crates-io-token", "crates.io token", "critical", ["cio"], "cio[A-Za-z0-9]{32}", 3.8),
  token("nuget-key", "NuGet API key", "high", ["oy2"], "oy2[a-z0-9]{43}", 3.8),
  token("docker-hub-token", "Docker Hub token", "critical", ["dckr_"], "dckr_[po]at_[A-Za-z0-9_-]{27,32}", 3.5),
  token("artifactory-key", "Artifactory API key", "high", ["AKCp"], "AKCp[A-Za-z0-9]{69,80}", 3.8),
  // Services
  token(
    "slack-token",
    "Slack token",
    "high",
    ["xox", "xapp-"],
    "(?:xox[abeoprs]|xapp)-[0-9]{1,13}-[A-Za-z0-9-]{10,200}",
  ),
  {
    id: "slack-webhook",
    title: "Slack webhook address",
    severity: "medium",
    keywords: ["hooks.slack.com"],
    pattern: /https:\/\/hooks\.slack\.com\/(?:services|workflows|triggers)\/(?<value>[A-Za-z0-9/]{30,90})/g,
    minimumEntropy: 3.5,
    accept: (value) => !isExampleToken(value),
  },
  token("stripe-key", "Stripe live key", "critical", ["_live_"], "(?:sk|rk)_live_[A-Za-z0-9]{16,247}", 3.5),
  token("stripe-webhook-secret", "Stripe webhook secret", "medium", ["whsec_"], "whsec_[A-Za-z0-9+/]{32,64}", 3.8),
  token("sendgrid-key", "SendGrid API key", "high", ["SG."], "SG\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}", 3.8),
  token(
    "openai-key",
    "OpenAI API key",
    "high",
    ["T3BlbkFJ"],
    "sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,110}T3BlbkFJ[A-Za-z0-9_-]{20,110}",
    4,
  ),
  token(
    "anthropic-key",
    "Anthropic API key",
    "high",
    ["sk-ant-"],
    "sk-ant-(?:api|admin)[0-9]{2}-[A-Za-z0-9_-]{80,110}",
    4,
  ),
  token("hugging-face-token", "Hugging Face token", "high", ["hf_"], "hf_[A-Za-z]{34}", 3.8),
  token("vault-token", "HashiCorp Vault token", "critical", ["hvs.", "hvb."], "hv[sb]\\.[A-Za-z0-9_-]{24,300}", 3.8),
  token(
    "terraform-cloud-token",
    "Terraform Cloud token",
    "critical",
    [".atlasv1."],
    "[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_-]{60,70}",
    3.8,
  ),
  token(
    "grafana-token",
    "Grafana token",
    "high",
    ["glsa_", "glc_"],
    "(?:glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}|glc_[A-Za-z0-9+/]{50,400}={0,2})",
    3.8,
  ),
  token("new-relic-key", "New Relic key", "medium", ["NRAK-"], "NRAK-[A-Z0-9]{27}", 3.5),
  token("shopify-token", "Shopify token", "high", ["shp"], "shp(?:at|ca|pa|ss)_[a-f0-9]{32}"),
  token("telegram-token", "Telegram bot token", "high", [":AA"], "[0-9]{8,10}:AA[A-Za-z0-9_-]{33}", 3.8),
  token("databricks-token", "Databricks token", "high", ["dapi"], "dapi[a-f0-9]{32}(?:-[0-9])?"),
  token("sentry-token", "Sentry token", "medium", ["sntry"], "sntry[su]_[A-Za-z0-9+/=_]{40,300}", 3.8),
  token(
    "doppler-token",
    "Doppler token",
    "critical",
    ["dp."],
    "dp\\.(?:pt|st|ct|sa|scim|audit)\\.[A-Za-z0-9_.-]{40,80}",
    3.8,
  ),
  token(
    "atlassian-token",
    "Atlassian API token",
    "high",
    ["ATATT3", "ATCTT3"],
    "AT[AC]TT3[A-Za-z0-9_=-]{100,250}",
    3.8,
  ),
  token("pulumi-token", "Pulumi token", "high", ["pul-"], "pul-[a-f0-9]{40}"),
  token("linear-key", "Linear API key", "medium", ["lin_api_"], "lin_api_[A-Za-z0-9]{40}", 3.8),
  token(
    "age-key",
    "age secret key",
    "critical",
    ["AGE-SECRET-KEY-1"],
    "AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
    3.5,
  ),
  // Azure keys end with a sign of base64, hence without a boundary after them.
  {
    id: "azure-storage-key",
    title: "Azure Storage account key",
    severity: "critical",
    keywords: ["AccountKey="],
    pattern: /AccountKey=(?<value>[A-Za-z0-9+/]{86}==)/g,
    minimumEntropy: 4,
    accept: (value) => !isPlaceholder(value),
  },
  {
    id: "azure-shared-access-key",
    title: "Azure shared access key",
    severity: "high",
    keywords: ["SharedAccessKey="],
    pattern: /SharedAccessKey=(?<value>[A-Za-z0-9+/]{43}=)/g,
    minimumEntropy: 4,
  },
  {
    id: "azure-registry-token",
    title: "Azure Container Registry password",
    severity: "critical",
    keywords: ["+ACR"],
    pattern: /(?<![A-Za-z0-9+/])(?<value>[A-Za-z0-9+/]{42}\+ACR[A-D][A-Za-z0-9]{5})(?![A-Za-z0-9+/])/g,
    minimumEntropy: 4,
  },
];
