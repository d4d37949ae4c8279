# shellcheck shell=bash
# What the scripts share: installing Debian packages, and servers of our own that live as long as the script.
# Sourced, never run. The caller has `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "error: $*"
    exit 1
}

# MARK: Packages

# shellcheck disable=SC2034 # the scripts that source this use them
{
    build_packages=(git libpg-query-dev libsqlite3-dev libpq-dev zlib1g-dev)
    server_packages=(pgbouncer redis-server)
    media_packages=(ffmpeg fonts-dejavu-core poppler-utils)
    picture_packages=(chromium chromium-driver curl fonts-inter fonts-urw-base35)
    test_packages=(chromium chromium-driver curl prometheus sqlite3 util-linux)
    bench_packages=(curl nginx-light sqlite3 wrk)
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

as_root() {
    if [ "$EUID" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "this needs root: $*. Run it as root, or install sudo."
    fi
}

# need PACKAGE...: installs what is missing, silently when nothing is.
need() {
    local package missing=()
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || fail "please install ${missing[*]} (there is no apt-get here to do it)"
    say "Installing ${missing[*]}"
    local log
    log=$(mktemp)
    # RUNLEVEL=1 asks Debian not to start its own system-wide servers: ours are private.
    if ! {
        as_root apt-get -qq update && as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
            apt-get -qq install -y --no-install-recommends "${missing[@]}"
    } >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail "could not install ${missing[*]}"
    fi
    rm -f "$log"
}

need_swift() {
    command -v swift >/dev/null || fail "swift is not on the PATH. Install Swift 6.3 from swift.org/install/linux."
}

# The folder of the newest PostgreSQL server installed, 15 or later. Empty when there is none.
postgres_programs() {
    local folder best='' major
    for folder in /usr/lib/postgresql/*/bin; do
        [ -x "$folder/initdb" ] || continue
        major=$(basename "$(dirname "$folder")")
        [ "$major" -ge 15 ] && best=$folder
    done
    printf '%s' "$best"
}

need_postgres() {
    [ -n "$(postgres_programs)" ] || need postgresql
    [ -n "$(postgres_programs)" ] || fail "PostgreSQL 15 or later is not available here"
}

# need_extensions: what lets an audit try an index and check a function, where Debian has it for this server.
need_extensions() {
    local major package
    major=$(basename "$(dirname "$(postgres_programs)")")
    for package in "postgresql-$major-hypopg" "postgresql-$major-plpgsql-check"; do
        is_installed "$package" && continue
        apt-cache show "$package" >/dev/null 2>&1 || as_root apt-get -qq update >/dev/null 2>&1 || true
        if apt-cache show "$package" >/dev/null 2>&1; then need "$package"; fi
    done
}

# from_pypi FOLDER TITLE ARGUMENT...: packages of PyPI in an environment of their own below .tools, made once; what is given
# to pip names their versions, and so does the folder.
from_pypi() {
    local folder=$root/.tools/$1 title=$2
    shift 2
    [ ! -e "$folder/complete" ] || return 0
    need python3-venv
    say "Installing $title"
    rm -rf "$folder"
    /usr/bin/python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$@" || fail "could not install $title from PyPI"
    touch "$folder/complete"
}

# need_schemathesis: checks a server against its OpenAPI document.
need_schemathesis() {
    export CAPSTAN_TEST_SCHEMATHESIS=$root/.tools/schemathesis-4.32.5/bin/schemathesis
    from_pypi schemathesis-4.32.5 "schemathesis 4.32.5" schemathesis==4.32.5
}

# need_axe: axe-core, which finds what keeps people out of a page; nothing else of the package is used.
need_axe() {
    local folder=$root/.tools/axe-0.1.8
    export CAPSTAN_TEST_AXE=$folder/axe.min.js
    from_pypi axe-0.1.8 "axe-core (axe-playwright-python 0.1.8)" --no-deps axe-playwright-python==0.1.8
    [ -e "$CAPSTAN_TEST_AXE" ] ||
        cp "$folder"/lib/python3*/site-packages/axe_playwright_python/axe.min.js "$CAPSTAN_TEST_AXE"
}

# need_websockets: a client of WebSockets that is not ours.
need_websockets() {
    export CAPSTAN_TEST_WEBSOCKETS=$root/.tools/websockets-17.4/bin/python
    from_pypi websockets-17.4 "websockets 17.4" websockets==17.4
}

# need_ast_grep: finds shapes of code for `capstan audit`.
need_ast_grep() {
    export CAPSTAN_AST_GREP=$root/.tools/ast-grep-0.51.1/bin/ast-grep
    from_pypi ast-grep-0.51.1 "ast-grep 0.51.1" ast-grep-cli==0.51.1
}

# need_squawk: a linter of migrations that the audit is measured beside.
need_squawk() {
    export CAPSTAN_BENCH_SQUAWK=$root/.tools/squawk-2.70.0/bin/squawk
    from_pypi squawk-2.70.0 "squawk 2.70.0" squawk-cli==2.70.0
}

# need_moto: an S3 server that is not ours.
need_moto() {
    moto=$root/.tools/moto-5.2.5
    from_pypi moto-5.2.5 "moto 5.2.5" 'moto[s3]==5.2.5' flask flask-cors
}

# need_job_peers: other job queues that ours is measured beside: Sidekiq from Debian, the rest from PyPI.
need_job_peers() {
    need ruby-sidekiq ruby-redis redis-tools
    export CAPSTAN_BENCH_PEERS=$root/.tools/job-peers-1
    from_pypi job-peers-1 "Celery and Procrastinate" \
        'celery[redis]==5.7.0' 'procrastinate==3.10.0' 'psycopg[binary,pool]==3.3.9'
}

# need_retrieval_peers: vector searches that ours is measured beside.
need_retrieval_peers() {
    export CAPSTAN_BENCH_RETRIEVAL=$root/.tools/retrieval-peers-1
    from_pypi retrieval-peers-1 "faiss, usearch and sqlite-vec" \
        'numpy<3' 'faiss-cpu==1.12.0' 'usearch==2.21.0' 'sqlite-vec==0.1.6'
}

# MARK: Servers

servers=''
attended=''

# free_port: a port of the loopback nobody listens on, below the range the kernel hands out to clients.
free_port() {
    local port
    for _ in {1..100}; do
        port=$((20000 + RANDOM % 12000))
        (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || {
            printf '%s' "$port"
            return
        }
    done
    fail "found no free port between 20000 and 32000"
}

# as_postgres COMMAND...: PostgreSQL and PgBouncer refuse to run as root, so root runs them as `postgres`.
as_postgres() {
    if [ "$EUID" -eq 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
    else
        "$@"
    fi
}

# attend COMMAND...: runs it in a process group of its own, so that Ctrl-C and a kill of this script end all of it.
attend() {
    local status=0
    set -m
    "$@" </dev/null &
    attended=$!
    set +m
    wait "$attended" || status=$?
    kill -KILL -- "-$attended" 2>/dev/null || true # what it left behind
    attended=''
    return "$status"
}

# start_servers: PostgreSQL, PgBouncer, Redis and an S3 server in a temporary folder, with their addresses in the environment.
start_servers() {
    need_postgres
    need "${server_packages[@]}"
    need_moto
    servers=$(mktemp -d "${TMPDIR:-/tmp}/capstan.XXXXXX")
    export CAPSTAN_TEST_FOLDER=$servers
    chmod 711 "$servers"
    trap stop_servers EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP

    "$root/Scripts/postgres" create "$servers/postgres"
    CAPSTAN_TEST_POSTGRES=$("$root/Scripts/postgres" url "$servers/postgres")
    CAPSTAN_TEST_POSTGRES_ADMIN=$("$root/Scripts/postgres" admin-url "$servers/postgres")
    CAPSTAN_TEST_POSTGRES_DATA=$servers/postgres/data
    export CAPSTAN_TEST_POSTGRES CAPSTAN_TEST_POSTGRES_ADMIN CAPSTAN_TEST_POSTGRES_DATA
    start_pgbouncer
    start_redis
    start_s3
}

# start_pgbouncer: in transaction mode. Debian 12 has 1.18, which cannot carry named prepared statements (1.21 can).
start_pgbouncer() {
    local folder=$servers/pgbouncer port user password rest
    port=$(free_port)
    mkdir "$folder"
    cat >"$folder/pgbouncer.ini" <<END
[databases]
* = host=127.0.0.1 port=$(cat "$servers/postgres/port")
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $folder/users.txt
pool_mode = transaction
max_client_conn = 400
default_pool_size = 20
# Each test has a database of its own: what is pooled for those that are over would use up the server.
server_idle_timeout = 5
max_db_connections = 40
ignore_startup_parameters = extra_float_digits
pidfile = $folder/pid
logfile = $folder/log
END
    rest=${CAPSTAN_TEST_POSTGRES#postgres://}
    user=${rest%%:*}
    password=${rest#*:}
    password=${password%%@*}
    printf '"%s" "%s"\n' "$user" "$password" >"$folder/users.txt"
    [ "$EUID" -ne 0 ] || chown -R postgres "$folder"
    as_postgres pgbouncer -q -d "$folder/pgbouncer.ini" || fail "PgBouncer did not start: $(tail -n 3 "$folder/log")"
    export CAPSTAN_TEST_PGBOUNCER="postgres://$user:$password@127.0.0.1:$port/capstan"
    await_port "$port" PgBouncer
}

# start_redis: without persistence.
start_redis() {
    local folder=$servers/redis port
    port=$(free_port)
    mkdir "$folder"
    redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder" --daemonize yes \
        --pidfile "$folder/pid" --logfile "$folder/log" >/dev/null || fail "Redis did not start"
    export CAPSTAN_TEST_REDIS="redis://127.0.0.1:$port"
    await_port "$port" Redis
}

# start_s3: moto's S3, in memory. It checks no signatures: those are tested with the examples of the S3 documentation.
start_s3() {
    local folder=$servers/s3 port
    port=$(free_port)
    mkdir "$folder"
    "$moto/bin/moto_server" -H 127.0.0.1 -p "$port" >"$folder/log" 2>&1 </dev/null &
    printf '%s' $! >"$folder/pid"
    export CAPSTAN_TEST_S3="http://127.0.0.1:$port"
    await_port "$port" "The S3 server"
}

await_port() {
    for _ in {1..200}; do
        (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.05
    done
    fail "$2 does not answer on port $1"
}

stop_by_file() {
    local pid
    [ -s "$1" ] || return 0
    pid=$(<"$1")
    kill "$pid" 2>/dev/null || true
    for _ in {1..100}; do
        [ -d "/proc/$pid" ] || return 0
        sleep 0.05
    done
    kill -9 "$pid" 2>/dev/null || true
}

# stop_servers: exactly what was started, by process id. Runs once, at any exit.
stop_servers() {
    local status=$?
    trap - EXIT
    trap '' INT TERM HUP
    [ -z "$attended" ] || kill -TERM -- "-$attended" 2>/dev/null || true
    if [ -n "$servers" ]; then
        stop_by_file "$servers/pgbouncer/pid"
        stop_by_file "$servers/redis/pid"
        stop_by_file "$servers/s3/pid"
        local data
        for data in "$servers"/*/data "$servers"/*/*/data; do # ours, and those that tests made beside it
            [ ! -d "$data" ] || "$root/Scripts/postgres" stop "$(dirname "$data")" || true
        done
        rm -rf "$servers"
    fi
    exit "$status"
}
