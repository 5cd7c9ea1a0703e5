#!/usr/bin/env bash
# Installs what `npm run test:aws` talks to: DynamoDB Local (Java 17) and moto, an AWS API emulator (Python 3.9+).
# Repeatable: does nothing for what is already there. Missing Java, Maven or Python is installed when run as root.
# The versions are pinned here and nowhere else; test/support/aws-emulators.ts reads the folders below.
set -euo pipefail

dynamodb_version=2.6.1
moto_version=5.2.5
cache="${PORTWARDEN_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/portwarden-ci}"
dynamodb="$cache/dynamodb-local"
moto="$cache/moto"

need() { # need <command> <Debian package>...
  local command=$1
  shift
  if command -v "$command" > /dev/null; then return; fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    echo "install-aws-emulators: '$command' is missing; install it (Debian: $*) and run this again" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" > /dev/null
}

is_installed() { [ "$(cat "$1/version" 2> /dev/null)" = "$2" ]; }

install_dynamodb_local() {
  if [ "$(uname -sm)" != "Linux x86_64" ]; then
    echo "install-aws-emulators: DynamoDB Local brings its SQLite for x86-64 Linux only among the systems tried" >&2
  fi
  need java openjdk-17-jre-headless
  need mvn maven
  rm -rf "$dynamodb"
  mkdir -p "$dynamodb"
  cat > "$dynamodb/pom.xml" << XML
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>portwarden</groupId><artifactId>dynamodb-local</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId><version>$dynamodb_version</version>
  </dependency></dependencies>
</project>
XML
  # Copies the native SQLite libraries beside the jars: they are dependencies of type so, dylib and dll.
  mvn -q -B -ntp -f "$dynamodb/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$dynamodb/lib"
  echo "$dynamodb_version" > "$dynamodb/version"
}

install_moto() {
  need python3 python3 python3-venv python3-pip
  rm -rf "$moto"
  # Debian's python3 without python3-venv has the module, but not what it needs: only trying tells.
  if ! python3 -m venv "$moto" > /dev/null 2>&1; then
    rm -rf "$moto"
    need "(the venv module of python3)" python3-venv
    python3 -m venv "$moto"
  fi
  "$moto/bin/python" -m pip install --quiet --disable-pip-version-check "moto[server]==$moto_version"
  echo "$moto_version" > "$moto/version"
}

is_installed "$dynamodb" "$dynamodb_version" || install_dynamodb_local
is_installed "$moto" "$moto_version" || install_moto
echo "AWS emulators: DynamoDB Local $dynamodb_version and moto $moto_version in $cache"
