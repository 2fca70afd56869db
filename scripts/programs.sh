#!/bin/sh
# Install the Debian packages of the servers and the browser that the tests run, as far as they are missing.
# Not root, or not Debian: say what is missing; the tests skip what needs it, and fail where HTTPKIT_CI=1.
set -eu

# program:package; a program stands for its package, so that one installed by other means counts.
wanted="nginx:nginx-light squid:squid-openssl tinyproxy:tinyproxy danted:dante-server microsocks:microsocks
apache2:apache2 caddy:caddy chromium:chromium fc-list:fontconfig curl:curl node:nodejs npm:npm"

PATH="$PATH:/usr/local/sbin:/usr/sbin"
missing=""
for pair in $wanted; do
    command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair##*:}"
done
# A page without any font shows boxes.
[ -n "$(fc-list 2>/dev/null | head -n 1)" ] || missing="$missing fonts-liberation"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "not installed:$missing (as root on Debian they would be); tests that need them are skipped" >&2
    exit 0
fi

# Debian starts a server when its package is installed, unless this says no.
policy=/usr/sbin/policy-rc.d
kept=""
if [ -e "$policy" ]; then
    kept=$(mktemp)
    cp -p "$policy" "$kept"
fi
restore() {
    if [ -n "$kept" ]; then mv "$kept" "$policy"; else rm -f "$policy"; fi
}
trap restore EXIT
trap 'exit 1' INT TERM
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

echo "installing Debian packages:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# shellcheck disable=SC2086 # a list of packages
if ! { apt-get update -qq && apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    exit 1
fi
rm -f "$log"
