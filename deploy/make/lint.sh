#!/usr/bin/env bash
# `make lint`: formatting, clippy with warnings as errors, dependencies (licences, sources, bans,
# advisories), shell scripts. Stops at the first that fails.
# shellcheck source=deploy/make/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
deny_version=0.20.2

need_build_tools

say "cargo fmt --check"
cargo fmt --all --check

say "cargo clippy"
cargo clippy --workspace --all-targets --locked --quiet -- -D warnings

deny=$cache/tools/bin/cargo-deny
if [ "$("$deny" --version 2>/dev/null)" != "cargo-deny $deny_version" ]; then
    say "building cargo-deny $deny_version into $cache/tools (once; a minute or two)"
    # A debug build: it compiles in a fraction of the time and checks this tree in seconds.
    CARGO_TARGET_DIR=$cache/tools/build cargo install --quiet --debug --locked --root "$cache/tools" "cargo-deny@$deny_version"
    rm -rf "$cache/tools/build"
fi
say "cargo deny: licences, bans, sources"
"$deny" --log-level error check --hide-inclusion-graph licenses bans sources

# The advisories are a git repository on GitHub: not every machine reaches it.
say "cargo deny: advisories"
if ! answer=$("$deny" --log-level error check --hide-inclusion-graph advisories 2>&1); then
    case $answer in
    *"failed to fetch advisory database"*) warn "ADVISORIES NOT CHECKED: the RustSec database cannot be reached from here" ;;
    *) printf '%s\n' "$answer" >&2; die "a dependency has an advisory against it" ;;
    esac
fi

if have shellcheck || apt_need shellcheck; then
    say "shellcheck"
    scripts=(.ci/run deploy/make/*.sh)
    scripts+=(services/exec-api/*.sh) # private:line
    shellcheck -x "${scripts[@]}"
else
    warn "SHELL SCRIPTS NOT CHECKED: shellcheck is missing"
fi
say "lint passed"
