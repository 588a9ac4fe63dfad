#!/usr/bin/env bash
# Makes sure that programs outside the repository are there:
#
#   .ci/needs.sh postgres chromium cc npm
#
# What is missing is installed with apt-get where this may be done (root, or
# sudo without a password). Otherwise it says what to install, and fails.
set -euo pipefail

have() { command -v "$1" >/dev/null 2>&1; }

# is_there reports whether a need is met.
is_there() {
	local program
	case $1 in
	postgres)
		have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ||
			compgen -G '/usr/pgsql-*/bin/initdb' >/dev/null
		;;
	chromium)
		for program in chromium chromium-browser google-chrome google-chrome-stable; do
			if have "$program"; then
				return
			fi
		done
		return 1
		;;
	cc) have "$(go env CC)" ;;
	npm) have npm && have node ;;
	*)
		echo "unknown need: $1" >&2
		exit 2
		;;
	esac
}

# package prints the Debian or Ubuntu package that meets a need, or nothing for
# what is better installed by hand.
package() {
	case $1 in
	postgres) echo postgresql ;;
	cc) echo gcc libc6-dev ;;
	chromium) # Ubuntu has it under the other name, as a snap
		if apt-cache show chromium >/dev/null 2>&1; then
			echo chromium
		else
			echo chromium-browser
		fi
		;;
	esac
}

# words says what a need is for.
words() {
	case $1 in
	postgres) echo "PostgreSQL's server programs, for the tests on PostgreSQL (Debian, Ubuntu: postgresql)" ;;
	chromium) echo "Chromium, for the tests in a browser (Debian: chromium; Ubuntu: chromium-browser)" ;;
	cc) echo "a C compiler, for Go's race detector (Debian, Ubuntu: gcc libc6-dev)" ;;
	npm) echo "Node.js 20 or later with npm, for the scripts and the base map of the pages" ;;
	esac
}

missing=()
for need in "$@"; do
	is_there "$need" || missing+=("$need")
done
if ((${#missing[@]} == 0)); then
	exit 0
fi

as_root=(env DEBIAN_FRONTEND=noninteractive)
if ((EUID != 0)); then
	as_root=(sudo -n "${as_root[@]}")
fi
if have apt-get && { ((EUID == 0)) || { have sudo && sudo -n true 2>/dev/null; }; }; then
	"${as_root[@]}" apt-get update -q >&2 || true
	packages=()
	for need in "${missing[@]}"; do
		read -ra more < <(package "$need") || true
		packages+=("${more[@]}")
	done
	if ((${#packages[@]} > 0)); then
		echo "Installing ${packages[*]}" >&2
		"${as_root[@]}" apt-get install -q -y --no-install-recommends "${packages[@]}" >&2 || true
	fi
fi

failed=0
for need in "${missing[@]}"; do
	if ! is_there "$need"; then
		echo "Missing: $(words "$need")" >&2
		failed=1
	fi
done
exit "$failed"
