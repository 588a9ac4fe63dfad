#!/usr/bin/env bash
# Checks everything that can be checked without running the program, to the end,
# and fails if anything was found.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
.ci/tools.sh
failed=()

# check runs a command under a heading and remembers it if it fails.
check() {
	local name=$1
	shift
	echo "== $name"
	"$@" || failed+=("$name")
}

# formatted fails and lists the files that gofumpt would change.
formatted() {
	local files
	files=$(find . \( -name node_modules -o -name .tools -o -name .git \) -prune -o -name '*.go' -print0 |
		xargs -0 .tools/bin/gofumpt -l)
	if [[ -n $files ]]; then
		echo "$files"
		echo "These are not formatted; .tools/bin/gofumpt -w FILE does it."
		return 1
	fi
}

check gofumpt formatted
check 'go vet' go vet ./...
check golangci-lint .tools/bin/golangci-lint run --allow-parallel-runners ./...
check 'go mod tidy' go mod tidy -diff
if ((${#failed[@]} > 0)); then
	printf 'Found faults: %s\n' "${failed[*]}" >&2
	exit 1
fi
