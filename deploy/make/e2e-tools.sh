#!/usr/bin/env bash
# Installs what the end-to-end tests drive the stack with, and prints where it is, as `export` lines:
#
#   eval "$(deploy/make/e2e-tools.sh)" && cargo test -p e2e
#
#   LOOP_E2E=1          a test whose tool is missing fails; without it, it says so and is skipped
#   LOOP_NGINX          nginx
#   LOOP_PYTHON         a Python with tests/requirements.txt
#   LOOP_NODE           Node 22
#   LOOP_CONFORMANCE    the MCP conformance runner (to be run by LOOP_NODE)
#   LOOP_CHROMIUM, LOOP_CHROMEDRIVER
#   LOOP_POSTGRES_BIN   the folder with PostgreSQL's programs; tests start a cluster of their own
#   LOOP_REDIS          redis-server; tests start their own
#   LOOP_PEBBLE, LOOP_PEBBLE_DNS  Let's Encrypt's directory for tests, and its names
# tests/node_modules becomes a link to the installed packages of tests/package.json.
# Quick when everything is there. Never: installs into the system's own Python or Node.
# shellcheck source=deploy/make/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
exec 4>&1 1>&2 # only the exports go to stdout

fingerprint() { cat "$@" | sha256sum | cut -c1-12; }

need_nginx
apt_need chromium chromium-driver fonts-noto-cjk || { have chromium && have chromedriver; } || die "Chromium and ChromeDriver are missing"

need_postgres
need_redis
apt_need pebble || { have pebble && have pebble-challtestsrv; } || die "Pebble is missing (pebble, pebble-challtestsrv)"

have python3 || apt_need python3 python3-venv || die "Python 3 is missing"
venv=$cache/python-$( (python3 --version; cat tests/requirements.txt) | fingerprint -)
if [ ! -e "$venv/ready" ]; then
    say "installing tests/requirements.txt into $venv"
    rm -rf "$venv"
    if ! python3 -m venv "$venv" 2>/dev/null; then
        apt_need python3-venv || die "python3 -m venv does not work"
        rm -rf "$venv"
        python3 -m venv "$venv"
    fi
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/requirements.txt
    touch "$venv/ready"
fi

have npm || apt_need nodejs npm || die "npm is missing"
modules=$cache/node-$(fingerprint tests/package.json tests/package-lock.json)
if [ ! -e "$modules/ready" ]; then
    say "installing tests/package.json into $modules"
    rm -rf "$modules"
    mkdir -p "$modules"
    cp tests/package.json tests/package-lock.json "$modules"
    npm ci --prefix "$modules" --silent --no-audit --no-fund
    touch "$modules/ready"
fi
if [ -e tests/node_modules ] && [ ! -L tests/node_modules ]; then die "tests/node_modules is in the way; remove it"; fi
ln -sfn "$modules/node_modules" tests/node_modules
node=$modules/node_modules/node/bin/node
"$node" --version >/dev/null || die "the packaged Node does not start: $node"

emit() { printf 'export %s=%q\n' "$1" "$2" >&4; }
emit LOOP_E2E 1
emit LOOP_NGINX "$(nginx_path)"
emit LOOP_PYTHON "$venv/bin/python"
emit LOOP_NODE "$node"
emit LOOP_CONFORMANCE "$modules/node_modules/@modelcontextprotocol/conformance/dist/index.js"
emit LOOP_CHROMIUM "$(command -v chromium)"
emit LOOP_CHROMEDRIVER "$(command -v chromedriver)"
emit LOOP_POSTGRES_BIN "$(postgres_bin)"
emit LOOP_REDIS "$(command -v redis-server)"
emit LOOP_PEBBLE "$(command -v pebble)"
emit LOOP_PEBBLE_DNS "$(command -v pebble-challtestsrv)"
