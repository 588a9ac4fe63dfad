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

echo "== go test"
tests=passed
.ci/postgres.sh go test -race -timeout 20m -json ./... | go run .ci/summary.go || tests=failed

# The race detector makes SQLite slow: there these draw a part of their cases, here all.
echo "== go test, all cases of the property tests"
.ci/postgres.sh go test -count 1 -timeout 15m -run '^(TestRepairConverges|TestLogOfAnything|TestSearchIsWhatTheModelSays)$' \
	./federation/peering ./directory/curation ./directory/store || tests=failed

echo "linters $lint, tests $tests"
[[ $lint == passed && $tests == passed ]]
