#!/usr/bin/env bash
# Proves the two commands of the README on a bare Debian 12: python3 with venv, git and make, nothing else.
# In a fresh chroot it clones the committed state, runs `make test` and `make run`, then both once more with no network.
# Needs root, debootstrap and 3 GB below /var/tmp; takes this machine's settings for package registries into the chroot,
# and leaves nothing behind. Arguments are handed to the first `make test` (for example ARGS=tests/core).
set -euo pipefail

if [ "${1:-}" != --inside ]; then
    cd "$(dirname "$0")/.."
    root=$(mktemp -d /var/tmp/bare-debian.XXXXXX)
    chmod 755 "$root"  # mktemp's 0700 would keep the tests' own unprivileged processes out
    trap 'rm -rf --one-file-system "$root" "$root.log"' EXIT
    echo "== a bare Debian 12 in $root"
    debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv,git,make bookworm "$root" >"$root.log" 2>&1 \
        || { tail -20 "$root.log"; exit 1; }
    rm -f "$root.log"
    git clone -q --no-local . "$root/project"
    # The mounts and every process are in namespaces of their own: they end with this command, however it ends.
    unshare --mount --pid --fork --kill-child "$PWD/packaging/$(basename "$0")" --inside "$root" "$@"
    exit
fi

root=$2
shift 2
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"

# Where packages come from is the machine's business: copied from here, never committed.
for file in /etc/resolv.conf /etc/hosts /etc/pip.conf "$HOME/.config/pip/pip.conf" "$HOME/.npmrc" /usr/etc/npmrc \
    /etc/ssl/certs/ca-certificates.crt; do
    [ -f "$file" ] && install -D "$(readlink -f "$file")" "$root$file"
done
mapfile -t settings < <(env | grep -iE '^(pip_|npm_config_|https?_proxy|no_proxy|ssl_cert|node_extra_ca)' || true)

in_chroot() {
    chroot "$root" /usr/bin/env -i HOME="$HOME" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        "${settings[@]}" sh -c "cd /project && $1"
}
without_network() {
    export -f in_chroot
    unshare --net bash -c "$(declare -p root settings); ip link set lo up; in_chroot '$1'"
}
pictures() {
    find "$root/project/build/tour" -name '*.png' | grep -c .
}

echo "== make test"
in_chroot "CI=true make test $*"
echo "== make run, with no display"
in_chroot "make run"
echo "== $(pictures) pictures; the same again without a network"
rm -rf "$root/project/build"
without_network "make run"
without_network "CI=true make test ARGS=tests/core"
echo "== proved: $(pictures) pictures"
