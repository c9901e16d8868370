#!/usr/bin/env bash
# `make run`: builds the services, starts them behind nginx, and stays until Ctrl-C.
#
# Settings (environment; all optional)
#   LOOP_HTTP_PORT LOOP_AUTH_PORT LOOP_API_PORT LOOP_EXEC_PORT   8082 8083 8081 8084
#   LOOP_HTTP_BIND    address for nginx (127.0.0.1 and ::1); the services stay on loopback
#   EXTERNAL_URL      what people type (http://localhost:<LOOP_HTTP_PORT>)
#   VAULT_DIR         the vault to serve (tests/fixtures/vault)
#   LOOP_DATA         database, keys, logs (./data)
#   LOOP_PROFILE      release, or dev for a quick debug build
#   LOOP_START_SECONDS  how long a service may take to become ready (60)
#   ADMIN_EMAIL, ADMIN_PASSWORD[_FILE] and every other setting of the services are passed on.
# Never: writes a password or token to disk. (loop-auth writes the secrets of the pages under $LOOP_DATA/web.)
# shellcheck source=deploy/make/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

export LOOP_HTTP_PORT=${LOOP_HTTP_PORT:-8082} LOOP_AUTH_PORT=${LOOP_AUTH_PORT:-8083} LOOP_API_PORT=${LOOP_API_PORT:-8081}
export LOOP_EXEC_PORT=${LOOP_EXEC_PORT:-8084} # private:line
data=${LOOP_DATA:-$top/data}
url=${EXTERNAL_URL:-http://localhost:$LOOP_HTTP_PORT}
url=${url%/}
profile=${LOOP_PROFILE:-release}
patience=${LOOP_START_SECONDS:-60}
vault=${VAULT_DIR:-$top/tests/fixtures/vault}
exec_vault=${EXEC_VAULT_DIR:-$top/services/exec-api/fixtures/vault} # private:line
# The pages of the services sign people in with secrets that loop-auth writes at its first start. In WEB_CLIENTS a space
# ends a path, so a data folder with one in its name has no pages.
web_clients() {
    local list="/ http://127.0.0.1:$LOOP_API_PORT $data/web/vault.secret Loop vault"
    [ ! -d services/exec-api ] || list+=", /exec/ http://127.0.0.1:$LOOP_EXEC_PORT $data/web/exec.secret Loop Exec" # private:line
    case $data in *[[:space:],]*) warn "nobody can sign in to the pages: the data folder's name has a space or a comma" ;; *) printf '%s' "$list" ;; esac
}
workers=
[ "$(id -u)" -ne 0 ] || workers='user root root;' # root's folders are closed to nginx's usual user

services=(loop-auth public-api)
[ ! -d services/exec-api ] || services+=(exec-api) # private:line
port_of() {
    case $1 in
    nginx) echo "$LOOP_HTTP_PORT" ;;
    loop-auth) echo "$LOOP_AUTH_PORT" ;;
    public-api) echo "$LOOP_API_PORT" ;;
    exec-api) echo "$LOOP_EXEC_PORT" ;; # private:line
    esac
}
port_variable() {
    case $1 in
    nginx) echo LOOP_HTTP_PORT ;;
    loop-auth) echo LOOP_AUTH_PORT ;;
    public-api) echo LOOP_API_PORT ;;
    exec-api) echo LOOP_EXEC_PORT ;; # private:line
    esac
}

# --- before anything is built -------------------------------------------------------------------

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

check_ports() {
    local name port who busy=0
    for name in "${services[@]}" nginx; do
        port=$(port_of "$name")
        [[ $port =~ ^[0-9]+$ ]] || die "$(port_variable "$name") is not a port: $port"
        listening "$port" || continue
        who=$(ss -Hltnp "sport = :$port" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/ by \1 (pid \2)/p' | head -n 1) || true
        warn "port $port, wanted by $name, is in use$who. Stop that, or choose another: $(port_variable "$name")=… make run"
        busy=1
    done
    [ "$busy" -eq 0 ] || die "nothing was built or started"
}

check_ports
[ -d "$vault" ] || die "VAULT_DIR is not a folder: $vault"
need_build_tools
need_nginx

case $profile in
release) built=release flags=(--release) ;;
dev) built=debug flags=() ;;
*) die "LOOP_PROFILE is release or dev, not $profile" ;;
esac
say "building ${services[*]} ($profile; the first time takes some minutes)"
packages=()
for name in "${services[@]}"; do packages+=(-p "$name"); done
cargo build "${flags[@]}" --locked "${packages[@]}"
bin=$(target_dir)/$built

# --- starting and stopping ----------------------------------------------------------------------

(umask 077 && mkdir -p "$data")
data=$(cd "$data" && pwd)
mkdir -p "$data/logs" "$data/nginx"
names=() pids=() revived=() pid=

# A child leaves the terminal's process group (Ctrl-C is ours to pass on) and ends with this script,
# even when that is killed.
alone=()
if have setsid; then alone+=(setsid); fi
if have setpriv; then alone+=(setpriv --pdeathsig TERM --); fi

stop() {
    trap '' INT TERM HUP
    local i pid tries
    for i in "${!pids[@]}"; do
        if [ "${names[$i]}" = nginx ]; then kill -QUIT "${pids[$i]}" 2>/dev/null || true
        else kill -TERM "${pids[$i]}" 2>/dev/null || true
        fi
    done
    for ((tries = 0; tries < 130; tries++)); do
        for pid in "${pids[@]}"; do
            if kill -0 "$pid" 2>/dev/null; then sleep 0.1; continue 2; fi
        done
        return
    done
    for i in "${!pids[@]}"; do
        kill -0 "${pids[$i]}" 2>/dev/null || continue
        warn "${names[$i]} did not stop in time; killing it"
        kill -KILL "${pids[$i]}" 2>/dev/null || true
    done
}
quit() { printf '\n' >&2; say "stopping"; exit 0; }
trap quit INT TERM HUP
trap stop EXIT

show_log() {
    printf '%s\n' "--- the last lines of $data/logs/$1.log" >&2
    tail -n 20 "$data/logs/$1.log" >&2 || true
}

# died INDEX: says why and ends everything.
died() {
    local code=0
    wait "${pids[$1]}" || code=$?
    show_log "${names[$1]}"
    die "${names[$1]} stopped by itself (exit code $code); everything is being stopped"
}

# revive INDEX: starts what stopped after it had been ready, again and again, but not in a hurry.
revive() {
    local code=0
    if [ "${revived[$1]:-0}" -ne 0 ] && [ $((SECONDS - revived[$1])) -lt 5 ]; then died "$1"; fi
    wait "${pids[$1]}" || code=$?
    warn "${names[$1]} stopped (exit code $code); starting it again. Its log: $data/logs/${names[$1]}.log.old"
    revived[$1]=$SECONDS
    spawn "${names[$1]}"
    pids[$1]=$pid
}

# http_ok PORT PATH: whether a GET answers 200. No curl needed.
http_ok() {
    (
        exec 3<>"/dev/tcp/127.0.0.1/$1"
        printf 'GET %s HTTP/1.1\r\nHost: localhost:%s\r\nConnection: close\r\n\r\n' "$2" "$1" >&3
        IFS=' ' read -r -t 3 _ status _ <&3
        [ "$status" = 200 ]
    ) 2>/dev/null
}

# await PATH: the service started last answers 200 there.
await() {
    local i=$((${#pids[@]} - 1)) deadline=$((SECONDS + patience))
    until http_ok "$(port_of "${names[$i]}")" "$1"; do
        kill -0 "${pids[$i]}" 2>/dev/null || died "$i"
        if [ "$SECONDS" -ge "$deadline" ]; then
            show_log "${names[$i]}"
            die "${names[$i]} was not ready after $patience seconds (http://127.0.0.1:$(port_of "${names[$i]}")$1)"
        fi
        sleep 0.1
    done
}

# The generated password is printed by loop-auth once. It goes to this script through a pipe and to
# the terminal, past the log file.
secret=$data/.first-admin
rm -f "$secret"
mkfifo -m 600 "$secret"
exec 9<>"$secret"
rm -f "$secret"
keep_log() {
    trap '' INT
    if ! [ -e /dev/fd/9 ]; then exec grep --line-buffered -v '^first admin: '; fi
    tee >(grep --line-buffered '^first admin: ' >&9) | grep --line-buffered -v '^first admin: '
}

# new_log NAME: where it goes; the run before stays beside it as .old.
new_log() {
    local log=$data/logs/$1.log
    [ ! -e "$log" ] || mv -f "$log" "$log.old"
    printf '%s' "$log"
}

# spawn NAME: starts a service with its settings, its output in its log; leaves its pid in $pid.
spawn() {
    local log
    log=$(new_log "$1")
    local -x BIND_ADDRESS=127.0.0.1 PORT EXTERNAL_URL=$url MALLOC_ARENA_MAX=2
    PORT=$(port_of "$1")
    case $1 in
    nginx)
        "${alone[@]}" "$(nginx_path)" -e stderr -p "$data/nginx" -c "$data/nginx/nginx.conf" \
            -g "daemon off; $workers" >"$log" 2>&1 &
        ;;
    loop-auth) WEB_CLIENTS=${WEB_CLIENTS-$(web_clients)} "${alone[@]}" "$bin/$1" > >(keep_log >"$log") 2>&1 9>&- & ;;
    public-api) WEB_SECRET_FILE=$(web_secret vault) WEB_STATE_DIR=$data/web/vault-sessions STATE_DIR=${STATE_DIR:-$data/vault-state} VAULT_DIR=$vault "${alone[@]}" "$bin/$1" >"$log" 2>&1 & ;;
    exec-api) WEB_SECRET_FILE=$(web_secret exec) WEB_STATE_DIR=$data/web/exec-sessions EXEC_STATE_DIR=${EXEC_STATE_DIR:-$data/exec-state} EXEC_VAULT_DIR=$exec_vault EXEC_AUDIT_PATH=${EXEC_AUDIT_PATH:-$data/exec-audit.jsonl} KPI_DB_PATH=${KPI_DB_PATH-$data/kpi.db} "${alone[@]}" "$bin/$1" >"$log" 2>&1 & ;; # private:line
    esac
    pid=$!
}

# web_secret NAME: the file of the secret, if loop-auth made it.
web_secret() { [ ! -s "$data/web/$1.secret" ] || printf '%s' "$data/web/$1.secret"; }

# start NAME: for the first time.
start() {
    spawn "$1"
    names+=("$1") pids+=("$pid")
}

say "starting in $data"
export OAUTH_DB_PATH=${OAUTH_DB_PATH:-$data/loop-auth.db}
start loop-auth
await /readyz
first_admin=
IFS= read -r -t 1 -u 9 first_admin || true
exec 9>&-

# The APIs fetch the keys from loop-auth itself, so they do not depend on nginx.
export JWKS_URL=${JWKS_URL:-http://127.0.0.1:$LOOP_AUTH_PORT/.well-known/jwks.json}
start public-api
await /readyz
# private:begin
if [ -d services/exec-api ]; then
    start exec-api
    await /readyz
fi
# private:end
deploy/make/nginx.sh "$data/nginx"
start nginx
await /healthz

# --- what to do with it -------------------------------------------------------------------------

if [ -n "$first_admin" ]; then
    login=${first_admin#first admin: }
    [[ $login == *"as configured" ]] || login+="   (shown this once)"
elif [ -n "${ADMIN_EMAIL:-}" ] && [ -n "${ADMIN_PASSWORD:-}${ADMIN_PASSWORD_FILE:-}" ]; then
    login="$ADMIN_EMAIL with the password you set, unless the account was there before"
else
    login="the account made at the first start. Forgotten? OAUTH_DB_PATH=$OAUTH_DB_PATH $bin/loop-auth user list, then user passwd"
fi
cat <<INFO

${bold}Loop is running: $url${plain}

  login         $login
  vault         $vault
  pages         $url/   search and read the vault
  data, logs    $data

Connect a client to ${bold}$url/mcp${plain}
  Claude Code   claude mcp add --transport http loop $url/mcp      then /mcp, Authenticate
  Python SDK    pip install mcp==2.3.0 && python docs/examples/connect.py $url/mcp
  curl          curl -i $url/mcp                                   says 401 and where to log in
                TOKEN=\$(python docs/examples/connect.py --print-token $url/mcp)
                curl -H "Authorization: Bearer \$TOKEN" '$url/api/search?q=oauth'
INFO
if [ "${url#https://}" != "$url" ]; then
    echo "  ChatGPT       Settings, Connectors, Create: $url/mcp, authentication OAuth"
else
    echo "  ChatGPT       needs an https address that OpenAI can reach: put TLS in front (docs/operations.md),"
    echo "                start with EXTERNAL_URL=https://your.host, and give it https://your.host/mcp"
fi
[ ! -d services/exec-api ] || echo "  dashboard     $url/exec/" # private:line
printf '\nA service that stops is started again, and clients stay logged in: try: pkill public-api\nCtrl-C stops everything.\n'

while :; do
    for i in "${!pids[@]}"; do kill -0 "${pids[$i]}" 2>/dev/null || revive "$i"; done
    sleep 0.5
done
