# What the scripts behind the Makefile share. Sourced, never run.
#
# In: the repository's own folder as $top. Out: say/warn/die, installers that do nothing when the
# thing is there, and $cache, where tools and build results live between runs.
# Never: writes outside the repository, $cache and (through apt, with a word first) the system.

# shellcheck shell=bash
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034 # for those who source this
cache=${XDG_CACHE_HOME:-$HOME/.cache}/loop
cd "$top"

if [ -t 2 ]; then bold=$'\e[1m' red=$'\e[31m' yellow=$'\e[33m' plain=$'\e[0m'; else bold='' red='' yellow='' plain=''; fi
say() { printf '%s\n' "${bold}==>${plain} $*" >&2; }
warn() { printf '%s\n' "${yellow}warning:${plain} $*" >&2; }
die() { printf '%s\n' "${red}error:${plain} $*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"
    elif have sudo; then sudo "$@"
    else die "root is needed for: $* (no sudo here)"
    fi
}

# apt_need PACKAGE...: installs those that are missing. Where there is no apt it says what is wanted
# and returns 1, so that the caller can say what that means.
apt_need() {
    local package missing=()
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! have apt-get; then
        warn "not a Debian or Ubuntu machine: install what your system calls ${missing[*]}"
        return 1
    fi
    say "installing ${missing[*]} (apt$([ "$(id -u)" -eq 0 ] || printf ', with sudo'))"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1 && return 0
    as_root apt-get update -qq >/dev/null || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null \
        || die "apt could not install: ${missing[*]}"
}

need_rust() {
    have cargo && return
    [ -x "$HOME/.cargo/bin/cargo" ] && { PATH=$HOME/.cargo/bin:$PATH; return; }
    die "Rust is missing. Install it from https://rustup.rs, open a new shell, and run this again:
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
}

# A C compiler (SQLite is compiled in) and OpenSSL's headers.
need_build_tools() {
    need_rust
    have cc || apt_need gcc libc6-dev || have cc || die "a C compiler is missing"
    if ! have pkg-config || ! pkg-config --exists openssl; then
        apt_need pkg-config libssl-dev || { have pkg-config && pkg-config --exists openssl; } || die "OpenSSL's headers are missing"
    fi
}

# Debian puts nginx into /usr/sbin, which is not on everybody's PATH.
nginx_path() { command -v nginx || { [ -x /usr/sbin/nginx ] && echo /usr/sbin/nginx; }; }

# Debian starts packaged servers, now and at every boot; ours and the tests' need no such service. SERVICE PACKAGE
apt_need_still() {
    local policy=/usr/sbin/policy-rc.d made=
    if have apt-get && [ ! -e "$policy" ]; then
        as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy" && made=1
    fi
    apt_need "$2" || true
    [ -z "$made" ] || as_root rm -f "$policy"
    if have systemctl; then as_root systemctl disable --quiet "$1" 2>/dev/null || true; fi
}

need_nginx() {
    nginx_path >/dev/null && return
    apt_need_still nginx nginx-light
    nginx_path >/dev/null || die "nginx is missing"
}

need_redis() {
    have redis-server && return
    apt_need_still redis-server redis-server
    have redis-server || die "Redis is missing (redis-server)"
}

# Debian keeps each version's programs to itself; of several the newest.
postgres_bin() {
    local programs
    programs=$(for programs in /usr/lib/postgresql/*/bin; do
        [ ! -x "$programs/initdb" ] || echo "$programs"
    done | sort -V | tail -n 1)
    [ -n "$programs" ] || programs=$(dirname "$(command -v initdb)" 2>/dev/null) || return 1
    [ -x "$programs/initdb" ] && [ -x "$programs/postgres" ] && [ -x "$programs/psql" ] && echo "$programs"
}

need_postgres() {
    postgres_bin >/dev/null && return
    # Debian makes a cluster and starts it, now and at every boot; the tests make their own.
    local none=/etc/postgresql-common/createcluster.d/loop-tests.conf made=
    if have apt-get && [ ! -e /etc/postgresql-common ]; then
        as_root sh -c "mkdir -p ${none%/*} && echo 'create_main_cluster = false' >$none" && made=1
    fi
    apt_need postgresql || true
    [ -z "$made" ] || as_root rm -f "$none"
    postgres_bin >/dev/null || die "PostgreSQL is missing (initdb, postgres, psql)"
}

# The folder that cargo builds into, whoever set it.
target_dir() {
    cargo metadata --no-deps --format-version 1 --offline 2>/dev/null | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}
