#!/usr/bin/env bash
# `make bench`: builds loop-auth as it is released (profile `measured`), measures it beside node-oidc-provider and
# `openssl speed`, and writes docs/benchmarks.md. Eight minutes and 2 GB of disk once everything is built.
#
#   BENCH_FULL=1       also a million requests, for the memory they leave behind, and twelve turns of a flood of logins
#   BENCH_SECONDS=3    how long each kind of request is sent
#   BENCH_TURNS=3      turns of the flood of logins: a minute and a quarter each
#   BENCH_GRANTS="1000 1000000"   how many grants are stored beforehand
#   BENCH_DIR          a folder on the disk to be measured [default: cargo's target folder]
#   BENCH_DOCUMENT     where the report is written, "" for nowhere [default: docs/benchmarks.md]
#   BENCH_PEER=none    without the peer
#   BENCH_POSTGRES     the URL of an empty PostgreSQL database, "none" for none [default: a cluster of its own, in /var/tmp]
# shellcheck source=deploy/make/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need_build_tools
have taskset || apt_need util-linux || die "taskset is missing"
have openssl || apt_need openssl || die "openssl is missing"

if [ "${BENCH_PEER:-}" = none ]; then
    unset BENCH_PEER
else
    have npm || apt_need nodejs npm || die "npm is missing"
    peer=$cache/bench-$(cat crates/bench/peer/package.json crates/bench/peer/package-lock.json | sha256sum | cut -c1-12)
    if [ ! -e "$peer/ready" ]; then
        say "installing crates/bench/peer/package.json into $peer"
        rm -rf "$peer"
        mkdir -p "$peer"
        cp crates/bench/peer/package.json crates/bench/peer/package-lock.json "$peer"
        npm ci --prefix "$peer" --silent --no-audit --no-fund
        touch "$peer/ready"
    fi
    cp crates/bench/peer/peer.mjs "$peer"
    export BENCH_NODE=$peer/node_modules/node/bin/node BENCH_PEER=$peer/peer.mjs
fi

say "cargo build --profile measured"
cargo build --locked --profile measured -p loop-auth -p loop-bench -p public-api
target=$(target_dir)
export BENCH_LOOP_AUTH=$target/measured/loop-auth BENCH_API=$target/measured/public-api
export BENCH_DIR=${BENCH_DIR:-$target} BENCH_DOCUMENT=${BENCH_DOCUMENT-docs/benchmarks.md}

# A PostgreSQL that waits for the disk, as it comes, and ends with this script. It refuses to run as root.
start_postgres() {
    local programs data port password
    programs=$(postgres_bin) || return 1
    cluster=$(mktemp -d /var/tmp/loop-bench-postgres.XXXXXX) # where its user may go
    data=$cluster/data password=$(openssl rand -hex 16)
    port=$((20000 + RANDOM % 20000))
    printf '%s' "$password" >"$cluster/password"
    as_server=()
    if [ "$(id -u)" -eq 0 ]; then
        as_server=(runuser -u postgres --)
        chown -R postgres "$cluster"
    fi
    "${as_server[@]}" "$programs/initdb" --no-instructions --encoding=UTF8 --locale=C --username=loop --auth=scram-sha-256 \
        --pwfile="$cluster/password" -D "$data" >/dev/null || return 1
    pg_ctl=$programs/pg_ctl
    "${as_server[@]}" "$pg_ctl" -D "$data" -w -s -l "$cluster/log" \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=" start || return 1
    export BENCH_POSTGRES=postgres://loop:$password@127.0.0.1:$port/postgres
}

stop_postgres() {
    [ -n "${cluster:-}" ] || return 0
    [ -z "${pg_ctl:-}" ] || "${as_server[@]}" "$pg_ctl" -D "$cluster/data" -m fast -s stop || true
    rm -rf "$cluster"
}

trap stop_postgres EXIT
if [ "${BENCH_POSTGRES:-}" = none ]; then
    unset BENCH_POSTGRES
elif [ -z "${BENCH_POSTGRES:-}" ]; then
    start_postgres || warn "no PostgreSQL (initdb, postgres, pg_ctl, runuser): its rows are left out"
fi
"$target/measured/loop-bench"
deploy/make/bench-vault.sh
