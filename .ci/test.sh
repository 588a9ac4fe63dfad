#!/usr/bin/env bash
# Everything: linters, and all tests under the race detector on SQLite, on a
# throw-away PostgreSQL and in a browser. Nothing is left out for want of a
# program: what is missing is installed, or named.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The version comes from the linker; asking git can fail in a container.
export GOFLAGS="${GOFLAGS:-} -buildvcs=false"
export CGO_ENABLED=1 # for the race detector
export TEST_ALL=1    # a test that cannot run fails

.ci/needs.sh postgres chromium cc npm
make --no-print-directory assets

lint=passed
.ci/lint.sh || lint=failed

# Tests that run the built program gain nothing from the race detector, which is
# not in it. It also makes SQLite slow: with it these draw a part of their cases.
program=./cmd/commonage
mapfile -t packages < <(go list ./... | grep -v /cmd/commonage)
properties='^(TestRepairConverges|TestLogOfAnything|TestSearchIsWhatTheModelSays)$'

echo "== go test -race"
tests=passed
.ci/postgres.sh go test -race -timeout 20m -json "${packages[@]}" | go run .ci/summary.go || tests=failed

echo "== go test, the program itself and all cases of the property tests"
.ci/postgres.sh bash -c '
	failed=0
	go test -timeout 15m -json "$1" || failed=1
	go test -timeout 15m -json -run "$2" ./federation/peering ./directory/curation ./directory/store || failed=1
	exit $failed' -- "$program" "$properties" | go run .ci/summary.go || tests=failed

echo "linters $lint, tests $tests"
[[ $lint == passed && $tests == passed ]]
