#!/usr/bin/env bash
# Everything: linters, all tests under the race detector on SQLite, on a throw-away
# PostgreSQL and in a browser, and a little fuzzing. Nothing is left out for want of a
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

# SQLite is C made into Go, and with the race detector in it ten times as slow.
# What it shares is guarded by database/sql, which is watched. Only this package may
# be left out: another could bring unwatched copies of sync's generic functions.
watched=(-race "-gcflags=modernc.org/sqlite/lib=-race=false")

echo "== go test"
tests=passed
# The packages that wait for servers of theirs go first, beside those that calculate.
.ci/postgres.sh go test "${watched[@]}" -timeout 20m -json ./federation ./cmd/... ./... | go run .ci/summary.go || tests=failed

# The race detector also makes checking proofs slow: with it, these do a part.
echo "== go test, all sequences that must converge and a repair of 100,000 entries"
go test -count 1 -timeout 15m -run '^TestRepair(Converges|Requests)$' ./federation/peering || tests=failed

echo "== fuzzing, briefly, what reads what other servers send"
FUZZTIME=1000x .ci/fuzz.sh ./federation/vocab ./federation/signature ./federation/client ./directory/prose || tests=failed

echo "linters $lint, tests $tests"
[[ $lint == passed && $tests == passed ]]
