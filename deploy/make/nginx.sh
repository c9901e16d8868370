#!/usr/bin/env bash
# Puts together a folder that nginx can be started from on this machine (nginx.conf says what is in it).
#
#   deploy/make/nginx.sh DIR     writes DIR, then:  nginx -e stderr -p DIR -c DIR/nginx.conf -g 'daemon off;'
#
# In: LOOP_HTTP_PORT (8082), LOOP_HTTP_BIND (127.0.0.1 and, where the machine has it, ::1),
#     LOOP_AUTH_PORT (8083; "8083 8093" for two replicas), LOOP_API_PORT (8081), LOOP_EXEC_PORT (8084). All services on loopback.
# Never: starts anything.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
[ $# -eq 1 ] || { sed -n '2,8p' "$0" >&2; exit 2; }
mkdir -p "$1/environment" "$1/deploy"
dir=$(cd "$1" && pwd)
port=${LOOP_HTTP_PORT:-8082}

ln -sfn "$top/nginx.conf" "$dir/nginx.conf"
ln -sfn "$top/deploy/nginx" "$dir/deploy/nginx"

# service NAME PORTS: a replica that refuses connections costs nothing, so none is ever left alone: with one down, the other must not be. Kept-alive connections close here (60 s) before the service closes them (75 s), so that no
# request is sent into a closing connection.
service() {
    local port servers=
    for port in $2; do servers+=" server 127.0.0.1:$port max_fails=0;"; done
    printf 'upstream %s {%s keepalive 32; keepalive_timeout 60s; }\n' "$1" "$servers"
    printf 'map loop $%s { default %s; }\n' "${1//-/_}" "$1"
}
{
    echo "# Written by deploy/make/nginx.sh."
    service loop-auth "${LOOP_AUTH_PORT:-8083}"
    service public-api "${LOOP_API_PORT:-8081}"
    service exec-api "${LOOP_EXEC_PORT:-8084}" # private:line
} >"$dir/environment/http.conf"

{
    echo "# Written by deploy/make/nginx.sh."
    if [ -n "${LOOP_HTTP_BIND:-}" ]; then
        echo "listen $LOOP_HTTP_BIND:$port;"
    else
        echo "listen 127.0.0.1:$port;"
        # `localhost` is ::1 first for some clients.
        if grep -q ' lo$' /proc/net/if_inet6 2>/dev/null; then echo "listen [::1]:$port;"; fi
    fi
} >"$dir/environment/listen.conf"
