#!/usr/bin/env bash
# `make public-tree OUT=folder`: writes the team's tree, which is this one without exec-api, and proves
# that it stands alone (docs/decisions/0001-private-boundary.md).
#
# In: the files git tracks here, as they are on disk; private-paths.txt and private-words.txt beside
# this script. Out: a new folder that builds --locked, passes its tests and holds no private word.
# The last line is `N passed, N failed, N skipped`. Never: writes into a folder that has anything in it.
# shellcheck source=deploy/make/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/make/common.sh"
here=services/exec-api

[ -n "${1:-}" ] || die "say where to: make public-tree OUT=folder"
out=$(realpath -m "$1")
[ ! -e "$out" ] || [ -z "$(ls -A "$out")" ] || die "$out is not empty"
case $out/ in "$top"/*) git check-ignore -q "$out" || die "$out is inside this tree; choose a folder outside it" ;; esac
mkdir -p "$out"
need_build_tools

say "writing $out"
mapfile -t private < <(grep -v -e '^#' -e '^$' "$here/private-paths.txt")
for path in "${private[@]}"; do [ -e "$path" ] || die "private-paths.txt names $path, which is not there"; done
excluded=()
for path in "${private[@]}"; do excluded+=(":(exclude)$path"); done
# New times: cargo would take what an earlier tree built, at a place that is gone, for what is built here.
git ls-files -z -- . "${excluded[@]}" | while IFS= read -r -d '' file; do
    [ ! -e "$file" ] || printf '%s\0' "$file"
done | tar --create --null --files-from - | tar --extract --touch --directory "$out"

# A line that ends in the comment private:line goes, and so does all from private:begin to private:end.
say "taking out the marked lines"
mark='(#|//|--) private:'
grep -rlIE "$mark(begin|end|line)" "$out" | while IFS= read -r file; do
    awk -v mark="$mark" '
        $0 ~ mark "begin" { if (inside) exit 2; inside = 1; next }
        $0 ~ mark "end"   { if (!inside) exit 2; inside = 0; next }
        inside || $0 ~ mark "line" { next }
        { print }
        END { if (inside) exit 3 }' "$file" >"$out/.stripped" \
        || die "${file#"$out"/}: private:begin and private:end do not match"
    cat "$out/.stripped" >"$file" # keeps the mode
    rm "$out/.stripped"
done

say "looking for what should not be there"
mapfile -t words < <(grep -v -e '^#' -e '^$' "$here/private-words.txt")
[ ${#words[@]} -gt 0 ] || die "private-words.txt lists no word"
patterns=()
for word in "${words[@]}"; do patterns+=(-e "$word"); done
if grep -rniIF "${patterns[@]}" --exclude='*.md' "$out"; then die "private words are left (see above)"; fi
# The documentation may say that exec-api exists, and no more than that about what it holds.
grep -rlniF "${patterns[@]}" --include='*.md' "$out" | sed "s#^$out/#documentation that names private words: #" >&2 || true
for path in "${private[@]}"; do [ ! -e "$out/$path" ] || die "$path is still there"; done

say "pruning the lock file"
cargo fetch --locked --quiet
cp Cargo.lock "$out/Cargo.lock"
(cd "$out" && cargo metadata --offline --format-version 1 >/dev/null)
# Pruned means: no package that was not there before (a dependency may lose its version suffix).
if diff "$top/Cargo.lock" "$out/Cargo.lock" | grep '^>' | grep -v '^>  "'; then die "the lock file changed by more than pruning"; fi

say "building and testing it, --locked and offline"
unset LOOP_E2E
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$(target_dir)}
cd "$out"
cargo build --workspace --locked --offline
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0
cargo test --workspace --locked --offline --no-fail-fast 2>&1 | tee "$log" || failed=1
awk '/^test result:/ { gsub(/;/, ""); p += $4; f += $6; s += $8 }
    END { printf "\n%d passed, %d failed, %d skipped\n", p, f, s }' "$log"
exit "$failed"
