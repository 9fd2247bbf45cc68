#!/bin/sh
# Installs this release and starts units of it: install.sh UNIT..., the services' environment on standard input.
# Nothing is fetched, and what was installed before is replaced whole.
set -eu
release=$(cd "$(dirname "$0")" && pwd)

getent passwd facegate >/dev/null || useradd --system --home-dir /nonexistent --shell /sbin/nologin facegate
mkdir -p /opt/facegate /etc/facegate
cat >/etc/facegate/environment

rm -rf /opt/facegate/app
cp -r "$release" /opt/facegate/app
cp "$release"/*.service /etc/systemd/system/
systemctl daemon-reload
systemctl enable "$@"
systemctl restart "$@"
