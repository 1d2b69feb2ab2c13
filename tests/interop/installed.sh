#!/usr/bin/env bash
# Installs into an empty folder and looks whether everything is where Debian expects it, and whether systemd likes the unit.
# usage: installed.sh BUILD_DIR SOURCE_DIR
set -euo pipefail
build=$1 source=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
usr=$root/usr
cmake --install "$build" --prefix "$usr" >/dev/null

fail() { echo "FAILED: $*" >&2; exit 1; }
for file in bin/ehr-agent bin/ehr-ledger lib/systemd/system/ehr-agent.service lib/sysusers.d/ehr-agent.conf lib/tmpfiles.d/ehr-agent.conf \
    share/man/man1/ehr-agent.1 share/man/man5/ehr-agent.conf.5 share/doc/ehr-agent/examples/ehr-agent.toml share/doc/ehr-agent/README.md \
    share/doc/ehr-agent/LICENSE share/ehr-agent/schemas/README.md share/ehr-agent/broker-config share/ehr-agent/pki; do
  [ -e "$usr/$file" ] || fail "$file is not installed"
done
[ -z "$(find "$root" -name '.gitkeep' -o -path '*/etc/*' -type f)" ] || fail "files that do not belong into a package"

# The programs run, and take the sample configuration.
"$usr/bin/ehr-agent" --version | grep -qx 'ehr-agent [0-9.]*' || fail "ehr-agent --version"
"$usr/bin/ehr-agent" config check --config "$usr/share/doc/ehr-agent/examples/ehr-agent.toml" >/dev/null || fail "the sample has problems"

# The unit: no complaints (with the programs where they are now), and an exposure of 1.5 or better.
unit=$root/ehr-agent.service
sed "s|/usr/bin/|$usr/bin/|" "$usr/lib/systemd/system/ehr-agent.service" > "$unit"
complaints=$(systemd-analyze verify --man=no "$unit" 2>&1 | grep -F ehr-agent || true)
[ -z "$complaints" ] || fail "systemd-analyze verify: $complaints"
systemd-analyze security --offline=true --threshold=15 "$unit" >"$root/security" || fail "$(tail -1 "$root/security")"
if systemd-analyze security --offline=true --threshold=5 "$unit" >/dev/null; then fail "the threshold of the check above means nothing"; fi

# The same user and folders in unit, sysusers and tmpfiles.
systemd-sysusers --dry-run "$usr/lib/sysusers.d/ehr-agent.conf" >/dev/null 2>&1 || fail "sysusers snippet"
user=$(sed -n 's/^User=//p' "$unit")
grep -q "^u $user " "$usr/lib/sysusers.d/ehr-agent.conf" || fail "the unit's user is not made"

# Manual pages without warnings from groff.
if command -v groff >/dev/null; then
  for page in "$source"/deploy/man/*.[15]; do
    warnings=$(groff -man -Tutf8 -ww -z "$page" 2>&1)
    [ -z "$warnings" ] || fail "$warnings"
  done
fi
echo "installed: good"
