#!/usr/bin/env bash
# Runs a command beside a throw-away PostgreSQL server, made from installed
# binaries and gone when the command ends:
#
#   .ci/postgres.sh go test ./directory/store
#
# TEST_POSTGRES tells the command its address. Where that is already set, the
# command runs with the server it names.
set -euo pipefail

if (($# == 0)); then
	echo "usage: $0 COMMAND..." >&2
	exit 2
fi
if [[ -n ${TEST_POSTGRES:-} ]]; then
	exec "$@"
fi

# binaries prints the folder of the newest PostgreSQL that is installed.
binaries() {
	local dir
	while read -r dir; do
		if [[ -x $dir/initdb && -x $dir/pg_ctl ]]; then
			echo "$dir"
			return
		fi
	done < <(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -rV)
	if command -v initdb pg_ctl >/dev/null; then
		dirname "$(command -v initdb)"
		return
	fi
	echo "PostgreSQL's server programs (initdb, pg_ctl) are not installed: .ci/needs.sh postgres" >&2
	return 1
}

bin=$(binaries)
temporary=${TMPDIR:-/tmp}

# PostgreSQL refuses to run as root.
user=
if ((EUID == 0)); then
	user=nobody
	if id postgres >/dev/null 2>&1; then
		user=postgres
	fi
	temporary=/tmp # which that user can reach too
fi
dir=$(mktemp -d "$temporary/commonage-postgres.XXXXXX")
if [[ -n $user ]]; then
	chown "$user" "$dir"
fi

# as_server runs a command as the server's user, in a folder that it can read.
as_server() (
	cd /
	if [[ -z $user ]]; then
		exec "$@"
	elif command -v setpriv >/dev/null; then
		exec setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups -- "$@"
	fi
	exec runuser -u "$user" -- "$@"
)

cleanup() {
	local code=$?
	trap - EXIT
	as_server "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
	rm -rf "$dir"
	exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
(umask 077 && echo "$password" >"$dir/password")
if [[ -n $user ]]; then
	chown "$user" "$dir/password"
fi

# init makes the cluster. Text sorts by ICU's rules where they are built in, as
# on many real servers, so that a query that forgets its collation is found.
init() {
	as_server "$bin/initdb" -D "$dir/data" -U commonage -E UTF8 --no-sync --no-instructions \
		--auth=password --pwfile="$dir/password" "$@" >"$dir/initdb.log" 2>&1
}
if ! init --locale=C --locale-provider=icu --icu-locale=und; then
	rm -rf "$dir/data"
	if ! init --no-locale; then
		cat "$dir/initdb.log" >&2
		exit 1
	fi
fi

cat >>"$dir/data/postgresql.conf" <<-CONF
	listen_addresses = '127.0.0.1'
	unix_socket_directories = ''
	max_connections = 200
	fsync = off
	synchronous_commit = off
	full_page_writes = off
	jit = off
CONF

# start tries free ports below those that the system gives to clients.
start() {
	local try
	for ((try = 0; try < 10; try++)); do
		port=$((20000 + RANDOM % 12000))
		if as_server "$bin/pg_ctl" -D "$dir/data" -l "$dir/data/server.log" -w -t 60 -o "-p $port" start >/dev/null 2>&1; then
			return
		fi
		grep -q 'Address already in use' "$dir/data/server.log" || break
	done
	echo "PostgreSQL does not start:" >&2
	cat "$dir/data/server.log" >&2
	return 1
}
start

export TEST_POSTGRES="postgres://commonage:$password@127.0.0.1:$port/postgres?sslmode=disable"
"$@"
