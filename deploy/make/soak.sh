#!/usr/bin/env bash
# Mixed traffic against the whole stack for MINUTES (60), at low priority; fails when memory grows or an answer is wrong.
#
#   deploy/make/soak.sh MINUTES      a line every ten seconds: seconds, requests, memory and open handles of loop-auth and public-api
# shellcheck source=deploy/make/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
eval "$(deploy/make/e2e-tools.sh)"
export LOOP_SOAK_MINUTES=${1:-60}
exec nice -n 19 cargo test --locked -p e2e --test e2e soak::memory_stays_level -- --ignored --exact --nocapture
