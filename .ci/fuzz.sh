#!/usr/bin/env bash
# Runs every fuzz target for FUZZTIME (30s unless set), one after the other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
time=${FUZZTIME:-30s}
failed=0

# fuzz runs one target. Go reports the end of the time as a failure when it
# comes at a bad moment; only a failing input counts.
fuzz() {
	local package=$1 target=$2 log
	log=$(mktemp)
	echo "== $package $target"
	if ! go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package" >"$log" 2>&1 &&
		! { grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log"; }; then
		cat "$log"
		failed=1
	else
		tail -n 2 "$log"
	fi
	rm -f "$log"
}

while read -r package; do
	while read -r target; do
		fuzz "$package" "$target"
	done < <(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true)
done < <(grep -rl --include='*_test.go' --exclude-dir=node_modules '^func Fuzz' . | xargs -n1 dirname | sort -u)
exit "$failed"
