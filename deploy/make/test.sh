#!/usr/bin/env bash
# `make test`: installs what the end-to-end tests need, builds the services, runs every test.
#
# In: CARGO_TARGET_DIR (cargo's own). Out: the last line is `N passed, N failed, N skipped`.
# Plain `cargo test --workspace` needs no installs: tests whose tools are missing say so and skip.
# shellcheck source=deploy/make/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need_build_tools
tools=$(deploy/make/e2e-tools.sh)
eval "$tools"

say "cargo build"
cargo build --workspace --locked

log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0
if cargo nextest --version >/dev/null 2>&1; then
    say "cargo nextest run, then the documentation's examples"
    cargo nextest run --workspace --locked --no-fail-fast 2>&1 | tee -a "$log" || failed=1
    cargo test --workspace --locked --doc 2>&1 | tee -a "$log" || failed=1
    say "loop-auth's own tests again, on PostgreSQL"
    LOOP_TEST_ENGINE=postgres cargo nextest run -p loop-auth --lib --locked --no-fail-fast 2>&1 | tee -a "$log" || failed=1
else
    say "cargo test"
    cargo test --workspace --locked --no-fail-fast 2>&1 | tee -a "$log" || failed=1
    say "loop-auth's own tests again, on PostgreSQL"
    LOOP_TEST_ENGINE=postgres cargo test -p loop-auth --lib --locked --no-fail-fast 2>&1 | tee -a "$log" || failed=1
fi

# nextest:    Summary [  3.1s] 120 tests run: 119 passed (2 slow), 1 failed, 4 skipped
# cargo test: test result: ok. 7 passed; 0 failed; 1 ignored; …
count() {
    sed $'s/\e\\[[0-9;]*m//g' "$log" | grep -E '^ *Summary \[|^test result:' | grep -oE "[0-9]+ ($1)" | awk '{ n += $1 } END { print n + 0 }'
}
bad=$(count 'failed|timed out|exec failed')
[ "$failed" -eq 0 ] || [ "$bad" -gt 0 ] || die "the tests did not run to their end"
printf '\n%s passed, %s failed, %s skipped\n' "$(count passed)" "$bad" "$(count 'skipped|ignored')"
exit "$failed"
