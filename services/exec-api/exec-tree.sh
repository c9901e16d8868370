#!/usr/bin/env bash
# `make exec-tree OUT=folder [PUBLIC=checkout]`: writes the C-level repository, which is exec-api alone as its own
# workspace on a path to a checkout of the team's tree, and proves that it builds and passes there.
#
# In: the files git tracks here, as they are on disk; PUBLIC, what `make public-tree` wrote (without it: OUT/../loop).
# Out: a new folder; the last line is `N passed, N failed, N skipped`. Never: writes into a folder that has anything
# in it, or into the checkout.
# shellcheck source=deploy/make/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/make/common.sh"

[ -n "${1:-}" ] || die "say where to: make exec-tree OUT=folder PUBLIC=checkout"
out=$(realpath -m "$1")
public=$(realpath -m "${2:-$out/../loop}")
[ ! -e "$out" ] || [ -z "$(ls -A "$out")" ] || die "$out is not empty"
case $out/ in "$top"/*) git check-ignore -q "$out" || die "$out is inside this tree; choose a folder outside it" ;; esac
[ -f "$public/crates/shared/Cargo.toml" ] || die "$public is no checkout of the team's tree; write one with make public-tree OUT=$public"
[ ! -e "$public/services/exec-api" ] || die "$public holds exec-api itself; it is not the team's tree"
mkdir -p "$out"
need_build_tools

say "writing $out"
git ls-files -z -- services/exec-api deploy/nginx/exec.conf clippy.toml rustfmt.toml deny.toml .gitignore LICENSE LICENSE-APACHE LICENSE-MIT |
    while IFS= read -r -d '' file; do
        [ ! -e "$file" ] || printf '%s\0' "$file"
    done | tar --create --null --files-from - | tar --extract --touch --directory "$out"
beside=$(realpath --relative-to "$out" "$public")
sed -e 's#^members = .*#members = ["services/exec-api"]#' -e "s#path = \"crates/#path = \"$beside/crates/#" Cargo.toml >"$out/Cargo.toml"
cat >"$out/README.md" <<END
# exec-api

The private side of Loop. It builds on a checkout of the team's tree at \`$beside\`: see services/exec-api/docs.
END

say "pruning the lock file"
cargo fetch --locked --quiet
cp Cargo.lock "$out/Cargo.lock"
(cd "$out" && cargo metadata --offline --format-version 1 >/dev/null)
if diff "$top/Cargo.lock" "$out/Cargo.lock" | grep '^>' | grep -v '^>  "'; then die "the lock file changed by more than pruning"; fi

say "building and testing it, --locked and offline"
unset LOOP_E2E
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$(target_dir)}
cd "$out"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0
cargo test --workspace --locked --offline --no-fail-fast 2>&1 | tee "$log" || failed=1
awk '/^test result:/ { gsub(/;/, ""); p += $4; f += $6; s += $8 }
    END { printf "\n%d passed, %d failed, %d skipped\n", p, f, s }' "$log"
exit "$failed"
