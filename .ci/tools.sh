#!/usr/bin/env bash
# Puts the linters into .tools/bin in the versions that this repository is
# checked with, unless they are there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

golangci=2.15.0
gofumpt=0.12.0
bin=$PWD/.tools/bin
mkdir -p "$bin"

# is_version reports whether the program at a path says that it is of a version.
is_version() {
	local path=$1 version=$2
	case ${path##*/} in
	golangci-lint) [[ $("$path" version --short 2>/dev/null) == "$version" ]] ;;
	gofumpt) [[ $("$path" -version 2>/dev/null) == "v$version "* ]] ;;
	esac
}

# provide links a program that is on this machine in the right version, or
# builds it.
provide() {
	local name=$1 version=$2 module=$3 path
	for path in "$bin/$name" "$(go env GOPATH)/bin/$name" "$(command -v "$name" || true)"; do
		if [[ -x $path ]] && is_version "$path" "$version"; then
			[[ $path == "$bin/$name" ]] || ln -sf "$path" "$bin/$name"
			return
		fi
	done
	echo "Building $name $version" >&2
	rm -f "$bin/$name"
	GOBIN=$bin go install "$module@v$version"
}

provide golangci-lint "$golangci" github.com/golangci/golangci-lint/v2/cmd/golangci-lint
provide gofumpt "$gofumpt" mvdan.cc/gofumpt
