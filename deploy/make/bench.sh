#!/usr/bin/env bash
# `make bench`: builds loop-auth as it is released (profile `measured`), measures it beside node-oidc-provider and
# `openssl speed`, and writes docs/benchmarks.md. Six minutes and 2 GB of disk once everything is built.
#
#   BENCH_FULL=1       also a million requests, for the memory they leave behind
#   BENCH_SECONDS=3    how long each kind of request is sent
#   BENCH_GRANTS="1000 1000000"   how many grants are stored beforehand
#   BENCH_DIR          a folder on the disk to be measured [default: cargo's target folder]
#   BENCH_DOCUMENT     where the report is written, "" for nowhere [default: docs/benchmarks.md]
#   BENCH_PEER=none    without the peer
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
cargo build --locked --profile measured -p loop-auth -p loop-bench
target=$(target_dir)
export BENCH_LOOP_AUTH=$target/measured/loop-auth BENCH_DIR=${BENCH_DIR:-$target} BENCH_DOCUMENT=${BENCH_DOCUMENT-docs/benchmarks.md}
exec "$target/measured/loop-bench"
