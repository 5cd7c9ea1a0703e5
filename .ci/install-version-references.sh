#!/usr/bin/env bash
# Installs the tools that define the orders of versions and that test/e2e/versions.test.ts compares ours with: from
# Debian (dpkg's library, rpm, pacman's library, Elixir, R, Python's packaging, gcc, Go), a Go program of Go's and
# Bitnami's own libraries, and Conan's sources. Repeatable: does nothing for what is already there.
set -euo pipefail

conan_version=2.34.0
cache="${PORTWARDEN_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/portwarden-ci}/version-references"
sources="$(cd "$(dirname "${BASH_SOURCE[0]}")/../test/support/version-references" && pwd)"

missing=()
need() { # need DEBIAN-PACKAGE COMMAND...: the package, unless the command works
  local package=$1
  shift
  "$@" > /dev/null 2>&1 < /dev/null || missing+=("$package")
}

need libdpkg-dev test -f /usr/include/dpkg/dpkg.h
need rpm rpm --version
need pacman-package-manager python3 -c 'import ctypes.util, sys; sys.exit(ctypes.util.find_library("alpm") is None)'
need elixir elixir --version
need r-base-core Rscript --version
need python3-packaging python3 -c 'import packaging.version'
need python3-pip python3 -m pip --version
need gcc gcc --version
need golang-go go version
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    echo "install-version-references: missing: ${missing[*]}; install them and run this again" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
fi

mkdir -p "$cache"
gcc -O1 -o "$cache/deb-versions" "$sources/deb.c" -ldpkg
# Debian's Go may be older than the library that orders its toolchains: a newer one comes as a module.
go_toolchain=golang.org/toolchain@v0.0.1-go1.24.4.linux-$(dpkg --print-architecture)
go=go
if ! go list go/version > /dev/null 2>&1; then
  go=$cache/go-toolchain/bin/go
  if ! [ -x "$go" ]; then
    mkdir -p "$cache/go-download"
    folder=$(cd "$cache/go-download" && go mod download -json "$go_toolchain" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    rm -rf "$cache/go-toolchain"
    cp -R "$folder" "$cache/go-toolchain"
    # Older versions of Go unpack modules without the permission to be run.
    chmod -R u+w "$cache/go-toolchain"
    chmod +x "$cache"/go-toolchain/bin/* "$cache"/go-toolchain/pkg/tool/*/*
  fi
fi
# Go's module cache makes this a matter of a second when nothing changed.
(cd "$sources/go" && GOROOT= "$go" build -o "$cache/go-versions" .)
if [ ! -d "$cache/conan/conan-$conan_version.dist-info" ]; then
  rm -rf "$cache/conan"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
    --target "$cache/conan" "conan==$conan_version"
fi
echo "references of version orders are in $cache and on PATH"
