#!/usr/bin/env bash
# Ten thousand sessions with auth-proxy that come and go, some hundreds of them with a child: fails when a process, a file
# descriptor or memory stays.
#
#   deploy/make/soak-proxy.sh SESSIONS
# shellcheck source=deploy/make/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_build_tools
export SOAK_SESSIONS=${1:-10000}
cargo build --locked --profile measured -p auth-proxy --bin auth-proxy --example fake_server
exec cargo test --locked --profile measured -p auth-proxy --test it -- --ignored --exact soak::ten_thousand_sessions_leave_nothing_behind --nocapture
