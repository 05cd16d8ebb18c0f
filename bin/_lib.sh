# Sourced by every script in bin/: where things are, and small helpers.
# shellcheck shell=bash disable=SC2034 # what the others use
set -euo pipefail

ADDON=subscription_segmentation
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

# All that is built lies below BUILD; `make clean` removes it. Downloads are kept
# outside of the checkout, so that the next clone need not fetch them again.
BUILD=${ODOO_CACHE:-$ROOT/.odoo}
case $BUILD in /*) ;; *) BUILD=$ROOT/$BUILD ;; esac
DOWNLOADS=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/$ADDON
PY=$BUILD/venv/bin/python
export ODOO_RC=$BUILD/odoo.conf # the only configuration file Odoo reads
export LC_ALL=C.UTF-8 # we read what other programs print
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH

# A checkout holds its addon under any name; Odoo wants it under its own.
ADDONS=$BUILD/addons

say() { echo "$*" >&2; }
die() {
    say "ERROR: $*"
    exit 1
}

free_mb() { df -Pm "$1" | awk 'NR == 2 { print $4 }'; }

# quiet NAME WHAT-TO-DO COMMAND...: output goes to a log, shown only on failure.
quiet() {
    local log=$BUILD/log/$1.log hint=$2
    shift 2
    mkdir -p "$BUILD/log"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 12 "$log" >&2
        if [ "$(free_mb "$BUILD")" -lt 50 ] || grep -q 'No space left on device' "$log"; then
            hint="The disk is full: free some space and run the same command again"
        fi
        die "$hint (whole log: $log)."
    fi
}

timed() {
    local start=$SECONDS
    say "-- $1"
    shift
    "$@"
    say "   done in $((SECONDS - start)) s"
}

# One set-up at a time. The lock ends with `unlock` or with the process.
lock() {
    exec 9>"$BUILD/lock"
    if ! flock -n 9; then
        say "Another make is setting up in $BUILD; waiting for it to finish."
        flock 9
    fi
}
unlock() { flock -u 9; }

sql() { psql -XAtq -v ON_ERROR_STOP=1 -d "${2:-postgres}" -c "$1"; }
has_db() { [ "$(sql "select 1 from pg_database where datname = '$1'")" = 1 ]; }
drop_db() {
    sql "drop database if exists \"$1\" with (force)" 2>/dev/null
    rm -rf "$BUILD/data/filestore/$1"
}
# Odoo's files of a database go along with it. The database comes last: when it is there, all is.
copy_db() {
    mkdir -p "$BUILD/data/filestore"
    rm -rf "$BUILD/data/filestore/$2"
    if [ -d "$BUILD/data/filestore/$1" ]; then
        cp -a "$BUILD/data/filestore/$1" "$BUILD/data/filestore/$2"
    fi
    sql "create database \"$2\" template \"$1\""
}
rename_db() {
    rm -rf "$BUILD/data/filestore/$2"
    [ ! -d "$BUILD/data/filestore/$1" ] || mv "$BUILD/data/filestore/$1" "$BUILD/data/filestore/$2"
    sql "alter database \"$1\" rename to \"$2\""
}
check_db_name() {
    [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9_-]{0,40}$ ]] ||
        die "DB=$1 is no name for a database: use letters, digits, - and _ (at most 41)."
}

check_as_of() {
    [[ -z ${AS_OF:-} ]] || date -d "$AS_OF" +%F 2>/dev/null | grep -qx "$AS_OF" || die "AS_OF=$AS_OF is no date: write it as 2024-12-31."
}

# Databases named after a process that is gone: a run that was killed.
drop_stale() {
    local db pid
    for db in $(sql "select datname from pg_database where datname ~ '^$ADDON-(test|lint|mutants)-[0-9]+'"); do
        pid=${db#"$ADDON"-*-}
        [ -d "/proc/${pid%%-*}" ] || drop_db "$db"
    done
}

odoo() { "$PY" -m odoo "$@"; }

port_is_free() {
    "$PY" - "$1" <<'P'
import socket, sys

with socket.socket() as s:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        s.bind(("127.0.0.1", int(sys.argv[1])))
    except (OSError, OverflowError):
        sys.exit(1)
P
}
free_port() {
    "$PY" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# What the addon is made of, as one short hash: a database knows which state it was updated to.
addon_hash() {
    (cd "$ROOT" && find . \( -name .git -o -name .odoo -o -name __pycache__ -o -name tests -o -name bin \
        -o -name node_modules \) -prune -o -type f \( -name '*.py' -o -name '*.xml' -o -name '*.csv' \
        -o -name '*.js' -o -name '*.scss' -o -name '*.po' \) -print0 | sort -z | xargs -0 sha256sum) |
        sha256sum | cut -c1-12
}

# stop_server PIDFILE: ends one of our Odoo servers, and only that.
stop_server() {
    local pid i
    pid=$(cat "$1" 2>/dev/null || true)
    if [ -n "$pid" ] && grep -qs "$BUILD" "/proc/$pid/cmdline"; then
        kill "$pid" 2>/dev/null || true
        for i in $(seq 50); do
            [ -d "/proc/$pid" ] || break
            [ "$i" != 40 ] || kill -9 "$pid" 2>/dev/null || true
            sleep 0.2
        done
    fi
    rm -f "$1"
}
