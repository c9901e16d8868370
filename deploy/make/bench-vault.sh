#!/usr/bin/env bash
# The second half of `make bench`: measures public-api over generated vaults and writes docs/benchmarks-vault.md.
#
#   BENCH_FULL=1        also 100,000 notes
#   BENCH_NOTES=10000   sizes of vaults, space-separated
#   BENCH_SECONDS=3     how long each kind of request is sent
#   BENCH_DIR           a folder on the disk to be measured [default: cargo's target folder]
#   BENCH_VAULT_DOCUMENT   where the report is written, "" for nowhere [default: docs/benchmarks-vault.md]
#   BENCH_PEER=none     without peers. They are installed below the cache folder, whichever of them can be:
#                       ripgrep, turbovault (crates.io), @bitbonsai/mcpvault (npm), markdown-vault-mcp, fastmcp (PyPI)
# shellcheck source=deploy/make/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need_build_tools
have taskset || apt_need util-linux || die "taskset is missing"

# python_peer PACKAGE: a virtual environment with it; says where.
python_peer() {
    local home=$cache/bench-python-${1//[^a-z0-9.]/-}
    if [ ! -e "$home/ready" ]; then
        say "installing $1"
        rm -rf "$home"
        python3 -m venv "$home" && "$home/bin/pip" install --quiet --disable-pip-version-check "$1" || return 1
        touch "$home/ready"
    fi
    printf '%s' "$home"
}

peers=()
if [ "${BENCH_PEER:-}" != none ]; then
    have rg || apt_need ripgrep || warn "no ripgrep"
    if fastmcp=$(python_peer fastmcp==4.2.3); then
        export BENCH_FASTMCP=$fastmcp/bin/python BENCH_FASTMCP_SERVER=$PWD/crates/bench/peer/fastmcp_server.py
    else
        warn "no FastMCP"
    fi
    turbovault=$cache/bench-turbovault
    if [ -x "$turbovault/bin/turbovault" ] || { say "cargo install turbovault" && cargo install --quiet --root "$turbovault" turbovault; }; then
        peers+=("turbovault|search|{\"query\":\"{query}\",\"limit\":20}|$turbovault/bin/turbovault --vault {vault}")
    else
        warn "no turbovault"
    fi
    mcpvault=$cache/bench-mcpvault
    if [ -d "$mcpvault/node_modules/@bitbonsai/mcpvault" ] || { have npm && npm install --silent --no-audit --no-fund --prefix "$mcpvault" @bitbonsai/mcpvault@0.16; }; then
        peers+=("mcpvault|search_notes|{\"query\":\"{query}\",\"limit\":20}|npx --prefix $mcpvault mcpvault {vault}")
    else
        warn "no mcpvault"
    fi
    if [ -n "${BENCH_FULL:-}" ] && vaultmcp=$(python_peer markdown-vault-mcp); then # its index of 10,000 notes takes minutes
        peers+=("markdown-vault-mcp|search|{\"query\":\"{query}\",\"limit\":20}|env MARKDOWN_VAULT_MCP_SOURCE_DIR={vault} $vaultmcp/bin/markdown-vault-mcp serve")
    fi
fi
BENCH_PEERS=$(printf '%s\n' "${peers[@]}")
export BENCH_PEERS

say "cargo build --profile measured"
cargo build --locked --profile measured -p loop-auth -p loop-bench -p public-api
target=$(target_dir)
export BENCH_LOOP_AUTH=$target/measured/loop-auth BENCH_API=$target/measured/public-api
export BENCH_DIR=${BENCH_DIR:-$target} BENCH_VAULT_DOCUMENT=${BENCH_VAULT_DOCUMENT-docs/benchmarks-vault.md}
[ -z "${BENCH_FULL:-}" ] || export BENCH_NOTES=${BENCH_NOTES:-10000 100000}
"$target/measured/loop-bench" vault
