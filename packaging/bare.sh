# What packaging/test-bare and packaging/test-deb share: a Debian 12 in a folder with nothing installed, and commands that run in it as root, with
# no locale set. Sourced after common.sh, never run.

# bare_machine DIR ARGUMENTS-OF-THE-SCRIPT…: starts the script again among mounts and processes of its own, which are gone with it however it
# ends; then puts Debian into DIR. A folder that debootstrap filled before is taken as it is.
bare_machine()
{
    bare=$(realpath -m "$1")
    shift
    [ "$(id -u)" -eq 0 ] || fail "this needs root, for debootstrap, mount and chroot"
    if [ -z "${PATCHBAY_BARE:-}" ]; then
        install_packages bare
        PATCHBAY_BARE=1 exec unshare --mount --pid --fork --kill-child --mount-proc bash "$0" "$@"
    fi
    trap 'exit 130' INT TERM
    [ ! -e "$bare/work" ] || fail "$bare was used before: name a new or empty folder"
    if [ ! -e "$bare/etc/debian_version" ]; then
        [ -z "$(ls -A "$bare" 2>/dev/null)" ] || fail "$bare is neither empty nor a Debian: name a new or empty folder"
        say "Debian 12 into $bare"
        mkdir -p "$bare"
        if ! debootstrap --variant=minbase bookworm "$bare" "$(debian_mirror)" >"$bare.debootstrap.log" 2>&1; then
            tail -20 "$bare.debootstrap.log" >&2
            fail "debootstrap failed, see $bare.debootstrap.log"
        fi
        rm -f "$bare.debootstrap.log"
    fi
    mount -t proc proc "$bare/proc"
    mount --rbind /sys "$bare/sys"
    mount --rbind /dev "$bare/dev"
    mkdir "$bare/work"
}

# The archive that this machine uses itself, if it is a Debian 12.
debian_mirror()
{
    local site
    site=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' 2>/dev/null | head -1)
    echo "${site:-http://deb.debian.org/debian}"
}

# in_bare COMMAND…: runs it in the folder. Of this machine's environment only a proxy is handed on.
in_bare()
{
    local variable environment=()
    for variable in http_proxy https_proxy; do
        [ -z "${!variable:-}" ] || environment+=("$variable=${!variable}")
    done
    chroot "$bare" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM:-dumb}" \
        "${environment[@]}" "$@"
}
