/** Which files are looked into for secrets: names that say so, and what lies directly in places of applications. */
import type { Wants } from "../extractor.ts";

/** By line: keys; registries and package managers; hosts and repositories; clouds; settings; what was typed. */
const basenames: readonly string[] = `
  id_rsa id_dsa id_ecdsa id_ed25519 identity secring.asc private.asc
  .npmrc npmrc .yarnrc .yarnrc.yml bunfig.toml .pypirc pip.conf .dockercfg
  .dockerconfigjson auth.json credentials.toml .gem_credentials nuget.config NuGet.Config
  settings.xml gradle.properties
  .netrc _netrc .git-credentials config config.json hosts.yml .htpasswd .pgpass .my.cnf
  .mylogin.cnf .s3cfg .boto rclone.conf .terraformrc credentials.tfrc.json
  credentials credentials.json application_default_credentials.json service-account.json
  service_account.json serviceaccount.json serviceAccountKey.json service-account-key.json
  gcp-key.json
  gcp.json
  google-credentials.json
  keyfile.json
  key.json
  sa.json
  client_secret.json
  accessTokens.json msal_token_cache.json local.settings.json terraform.tfstate kubeconfig
  kubeconfig.yaml kubeconfig.yml admin.conf super-admin.conf kubelet.conf
  .env.local .env.production .env.prod .env.development .env.dev .env.staging .env.stage
  .env.test .env.docker .env.backup .envrc appsettings.json appsettings.Production.json
  appsettings.Development.json application.properties application.yml application.yaml
  application-prod.properties application-prod.yml application-dev.properties application-dev.yml
  secrets.json secrets.yml secrets.yaml secret.yml secret.yaml credentials.yml database.yml
  wp-config.php local_settings.py docker-compose.yml docker-compose.yaml compose.yaml Dockerfile
  docker-entrypoint.sh entrypoint.sh Jenkinsfile .gitlab-ci.yml .travis.yml
  .bash_history .ash_history .sh_history .zsh_history .python_history .psql_history
  .mysql_history .node_repl_history .rediscli_history
`
  .trim()
  .split(/\s+/);

const suffixes: readonly string[] = [".env", ".pem", ".key", ".ppk", ".tfvars", ".tfstate", ".kubeconfig"];

/** Where images keep their own application: everything directly there that reads like text. */
const applications: readonly string[] = `
  app usr/src/app usr/app opt/app home/app home/node/app code src srv workspace
  var/www/html var/task app/config app/src usr/src/app/config usr/src/app/src config root
`
  .trim()
  .split(/\s+/);

/** Where everything is secret. */
const vaults: readonly string[] = `
  run/secrets var/run/secrets etc/secrets secrets root/.ssh etc/ssh etc/ssl/private
  root/.aws root/.docker root/.kube etc/pki/tls/private var/run/secrets/kubernetes.io/serviceaccount
`
  .trim()
  .split(/\s+/);

/** Trees that packages brought (what is in them, their publishers published), and certificates for everybody. */
const skippedTrees =
  /^(?:proc|sys|dev|usr\/share|usr\/include|usr\/lib|lib|var\/lib\/(?:dpkg|apt|rpm|apk|gems)|etc\/ssl\/certs|etc\/ca-certificates|etc\/pki\/ca-trust|usr\/local\/share\/ca-certificates)\//;
const skippedParts =
  /(?:^|\/)(?:node_modules|site-packages|dist-packages|vendor|gems|\.cargo\/registry|pkg\/mod|\.m2\/repository|__pycache__|locales?|test|tests|testing|testdata|test[-_]data|test[-_]fixtures|__tests__|fixtures|specs?|examples?|samples?|docs?|mocks?|demos?|benchmarks?)\//i;
const minified = /[.-](?:min|bundle|chunk)\.[a-z]+$|\.map$/;

/** In directories of applications: source code, settings, and names without an ending. */
const textEnding =
  /\.(?:env|json|ya?ml|toml|ini|conf|cnf|cfg|properties|xml|config|txt|sh|py|rb|php|js|cjs|mjs|ts|pem|key|tfvars|tfstate|asc|crt|rc)$/;

const ambiguous: Readonly<Record<string, RegExp>> = {
  config: /(?:^|\/)\.(?:kube|aws|git|oci|ssh)\/config$/,
  "config.json": /(?:^|\/)(?:\.docker|kaniko|kaniko\/\.docker|app|config|usr\/src\/app)\/config\.json$/,
  "hosts.yml": /(?:^|\/)\.config\/gh\/hosts\.yml$/,
  "settings.xml": /(?:^|\/)(?:\.m2|conf)\/settings\.xml$/,
  credentials: /(?:^|\/)\.(?:aws|gem|cargo)\/credentials$/,
  identity: /(?:^|\/)\.ssh\/identity$/,
};

const inApplication = new Set(applications);

function accept(path: string): boolean {
  if (skippedTrees.test(path) || skippedParts.test(path) || minified.test(path)) return false;
  const slash = path.lastIndexOf("/");
  const base = path.slice(slash + 1);
  const directory = path.slice(0, Math.max(0, slash));
  const condition = Object.hasOwn(ambiguous, base) ? ambiguous[base] : undefined;
  if (condition?.test(path) === true) return true;
  if (named.has(base) && condition === undefined) return true;
  if (suffixes.some((suffix) => base.endsWith(suffix))) return true;
  if (special.has(path) || vaults.includes(directory)) return true;
  return inApplication.has(directory) && (textEnding.test(base) || !base.includes(".", 1));
}

const named = new Set(basenames);
const special = new Set(["etc/shadow", "etc/shadow-", "etc/environment"]);

export const wants: Wants = {
  basenames,
  suffixes,
  directories: [...applications, ...vaults],
  paths: [...special],
  accept,
};
