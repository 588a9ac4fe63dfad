#!/usr/bin/env bash
# Prints how fast searches are, beside bleve and PostgreSQL's own full text
# search, and how one and two servers on one PostgreSQL bear load:
#
#   SIZES=10000,100000 ENGINES=sqlite,postgres .ci/bench-search.sh
#
# A million entries take about half an hour and 8 GB of disk. MAP=1 also moves
# the map of as many entries in a browser.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ -z ${TEST_POSTGRES:-} ]]; then
	exec .ci/postgres.sh "$0"
fi
sizes=${SIZES:-10000,100000,1000000}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
(cd directory/store/bench && go build -o "$dir/bench" .)
# As 'commonage serve' sets it.
GOGC=${GOGC:-40} "$dir/bench" -sizes "$sizes" -engines "${ENGINES:-sqlite,postgres,bleve,plain}" -times "${TIMES:-300}"
go test -run '^$' -bench Twins -benchtime 1x ./cmd/commonage
if [[ -n ${MAP:-} ]]; then
	MAP_ENTRIES=${sizes##*,} go test -count=1 -timeout 30m -run BrowserMapOfMany -v ./directory/web
fi
