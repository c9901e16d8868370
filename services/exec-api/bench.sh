#!/usr/bin/env bash
# `make bench` of exec-api: builds it as it is released (profile `measured`) and writes docs/benchmarks.md. A minute once it is built.
#
#   BENCH_NOTES=5000           notes in the vault
#   BENCH_EXEC_DOCUMENT        where the report is written, "" for nowhere [default: services/exec-api/docs/benchmarks.md]
# shellcheck source=deploy/make/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/make/common.sh"

need_build_tools
say "cargo build --profile measured, exec-api and its bench"
cargo build --locked --profile measured -p exec-api --bin exec-api --example bench
target=$(target_dir)
BENCH_EXEC_API=$target/measured/exec-api "$target/measured/examples/bench" | tee "$target/exec-benchmarks.md"
document=${BENCH_EXEC_DOCUMENT-services/exec-api/docs/benchmarks.md}
if [ -n "$document" ]; then
    cp "$target/exec-benchmarks.md" "$document"
    say "written to $document"
fi
