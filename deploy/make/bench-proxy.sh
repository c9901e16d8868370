#!/usr/bin/env bash
# Part of `make bench`: auth-proxy (profile `measured`) beside the server itself, FastMCP's proxy, mcp-proxy and
# supergateway; writes docs/benchmarks-proxy.md. Two minutes once everything is built.
#
#   BENCH_DOCUMENT     where the report is written, "" for nowhere [default: docs/benchmarks-proxy.md]
#   BENCH_PEER=none    without the peers
# shellcheck source=deploy/make/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need_build_tools
if [ "${BENCH_PEER:-}" != none ]; then
    tools=$(deploy/make/e2e-tools.sh)
    eval "$tools"
    # mcp-proxy wants another version of the MCP library than the tests.
    venv=$cache/python-mcp-proxy-0.13.0
    if [ ! -e "$venv/ready" ]; then
        say "installing mcp-proxy into $venv"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check mcp-proxy==0.13.0
        touch "$venv/ready"
    fi
    export LOOP_MCP_PROXY=$venv/bin/mcp-proxy
fi
export BENCH_DOCUMENT=${BENCH_DOCUMENT-$top/docs/benchmarks-proxy.md}
cargo build --locked --profile measured -p auth-proxy --bin auth-proxy --example fake_server
exec cargo test --locked --profile measured -p auth-proxy --test it -- --ignored --exact bench::figures --nocapture
