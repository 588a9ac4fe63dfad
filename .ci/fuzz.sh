#!/usr/bin/env bash
# Runs every fuzz target of the packages, of all without one, one after the other:
#
#   .ci/fuzz.sh [PACKAGE...]
#
# each for FUZZTIME, which is 30s unless set, or with so many inputs: 1000x. With a
# time it goes on from what earlier runs found; with a number it begins anew, so that
# it always costs the same.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
time=${FUZZTIME:-30s}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
corpus=$work/corpus
[[ $time == *x ]] || corpus=$(go env GOCACHE)/fuzz
failed=0

# fuzz runs one target of the package in whose folder it is. Go reports the end of
# the time as a failure when it comes at a bad moment; only a failing input counts.
fuzz() {
	local package=$1 target=$2
	echo "== $package $target"
	if ! "$work/test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$time" -test.fuzzminimizetime 20x \
		-test.fuzzcachedir "$corpus/$package" >"$work/log" 2>&1 &&
		! { grep -q 'context deadline exceeded' "$work/log" && ! grep -q 'Failing input written' "$work/log"; }; then
		cat "$work/log"
		failed=1
	else
		tail -n 2 "$work/log"
	fi
}

if (($# == 0)); then
	mapfile -t folders < <(grep -rl --include='*_test.go' --exclude-dir=node_modules '^func Fuzz' . | xargs -n1 dirname | sort -u)
	set -- "${folders[@]}"
fi
for folder in "$@"; do
	go test -c -fuzz Fuzz -o "$work/test" "$folder"
	package=$(go list "$folder")
	targets=$("$work/test" -test.list '^Fuzz')
	pushd "$folder" >/dev/null # where a failing input is written
	for target in $targets; do
		fuzz "$package" "$target"
	done
	popd >/dev/null
done
exit "$failed"
