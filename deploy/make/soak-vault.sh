#!/usr/bin/env bash
# A vault that is changed and read on every door for MINUTES (30): edits, renames, deletions, git checkouts. Fails when an answer is
# older than a second or an error, or when memory or open files grow.
#
#   deploy/make/soak-vault.sh MINUTES    SOAK_NOTES=10000    BENCH_DIR: where the vault is made [default: cargo's target folder]
# shellcheck source=deploy/make/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_build_tools

cargo build --locked --profile measured -p loop-auth -p loop-bench -p public-api
target=$(target_dir)
export BENCH_LOOP_AUTH=$target/measured/loop-auth BENCH_API=$target/measured/public-api BENCH_DIR=${BENCH_DIR:-$target}
SOAK_MINUTES=${1:-30} exec "$target/measured/loop-bench" soak-vault
