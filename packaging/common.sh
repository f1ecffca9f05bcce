# What packaging/run and packaging/test share: messages, packages, configuring and building. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
started=$SECONDS

say() { printf '\n\033[1m==> %s\033[0m\n' "$*"; }
fail() { printf 'patchbay: %s\n' "$*" >&2; exit 1; }

# packages SECTION…: the names that packaging/debian-packages lists under these sections.
packages()
{
    local section
    for section in "$@"; do
        awk -v s="$section" '$1 == s { print $2 }' "$root/packaging/debian-packages"
    done
}

# missing_packages NAME…: those of them that are not installed. dpkg-query exits 1 as soon as it has never heard of one of them, which is
# every bare machine: its exit status says nothing here, and under pipefail it would end the whole substitution without a word.
missing_packages()
{
    local installed
    installed=$({ dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true; } | awk '$2 == "installed" { print $1 }')
    printf '%s\n' "$@" | grep -vxF -e "${installed:-none}" || true
}

# On a system without Debian's tools nothing can be installed for the user: name what the build will look for.
check_other_system()
{
    local tool lacking=()
    for tool in cmake ninja pkg-config git; do
        command -v $tool >/dev/null || lacking+=("$tool")
    done
    command -v c++ >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null || lacking+=("a C++20 compiler")
    if command -v pkg-config >/dev/null; then
        for tool in icu-uc oniguruma libzip libcurl sqlite3; do
            pkg-config --exists $tool || lacking+=("$tool (headers and library)")
        done
    fi
    echo "This is not a Debian system, so nothing is installed from here. The build needs CMake >= 3.25, Ninja, a C++20 compiler,"
    echo "LibTorch, oneDNN, Qt >= 6.4 (Widgets, PrintSupport, Test), QCustomPlot for Qt 6, nlohmann-json, ICU, Oniguruma, CLI11, libzip, OpenSSL, libcurl, SQLite."
    echo "README.md, 'On another system', says how to point CMake at a downloaded LibTorch."
    if [ ${#lacking[@]} -gt 0 ]; then
        printf 'Missing here: %s\n' "${lacking[@]}" >&2
        exit 1
    fi
}

# install_packages SECTION…: installs what is missing, as root or through sudo, and nothing else.
install_packages()
{
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        check_other_system
        return
    fi
    # In steps, not in a process substitution: of that the exit status would be lost, and an empty list means that nothing is missing.
    local wanted lacking missing as_root=()
    wanted=$(packages "$@")
    [ -n "$wanted" ] || fail "packaging/debian-packages lists nothing for: $*"
    lacking=$(missing_packages $wanted)
    [ -n "$lacking" ] || return 0
    mapfile -t missing <<<"$lacking"
    say "Installing ${#missing[@]} missing packages: ${missing[*]}"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "no sudo here; install these packages as root, then run this again:
    apt-get install --no-install-recommends ${missing[*]}"
        as_root=(sudo)
    fi
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0) log
    log=$(mktemp)
    if ! "${apt[@]}" install --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
        # Unknown or outdated package lists are the usual reason: fetch them and try once more.
        "${apt[@]}" update || fail "apt-get update failed (see above)"
        if ! "${apt[@]}" install --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
            cat "$log" >&2
            rm -f "$log"
            local unknown=() name
            for name in "${missing[@]}"; do
                apt-cache show "$name" >/dev/null 2>&1 || unknown+=("$name")
            done
            [ ${#unknown[@]} -eq 0 ] || fail "this system's package archive has no ${unknown[*]}
    (Debian 12 'bookworm' has them all; on other systems see README.md, 'On another system')"
            fail "apt-get could not install the packages (see above)"
        fi
    fi
    rm -f "$log"
    echo "installed, $((SECONDS - started)) s after the start"
}

# Compiling a file of core takes up to 1.5 GB: no more jobs than cores, and than memory allows.
jobs()
{
    local cores memory_gb
    cores=$(nproc 2>/dev/null || echo 2)
    memory_gb=$(awk '/MemAvailable/ { print int($2 / 1048576 / 1.5) }' /proc/meminfo 2>/dev/null || echo "$cores")
    [ "$memory_gb" -lt 1 ] && memory_gb=1
    echo $((cores < memory_gb ? cores : memory_gb))
}

# free_mb: what is free where the build folders lie, in MB.
free_mb() { df -Pk "$root" | awk 'NR == 2 { print int($4 / 1024) }'; }

# check_space PRESET: a build that fills the disk ends deep in a linker's messages, and may take others' work with it. So a fresh one is refused
# where it cannot fit. The sizes were measured with du, a fifth added.
check_space()
{
    local needed available
    case "$1" in
    release) needed=3300 ;;
    fuzz) needed=500 ;;
    *) needed=2500 ;;
    esac
    available=$(free_mb)
    [ "${available:-$needed}" -ge $needed ] || fail "the disk is too full: the build in $root/build/$1 takes about $needed MB, and $available MB are free there"
}

# disk_is_full: whether nothing more can be built, as far as df tells.
disk_is_full()
{
    local available
    available=$(free_mb)
    [ "${available:-1000}" -lt 100 ]
}

# failed_build: ends the script with the reason, as far as it is ours to know.
failed_build()
{
    ! disk_is_full || fail "the build failed: the disk is full ($(free_mb) MB are free in $root)"
    fail "the build failed (see above)"
}

# build PRESET [TARGET…]: configures when there is no build folder yet (ninja configures again by itself when it must), then builds.
# Several sources are compiled as one: a fresh build takes less than half the time, which is what matters here.
build()
{
    local preset=$1 options=(-DPATCHBAY_UNITY=ON) begun=$SECONDS
    shift
    [ -z "${PATCHBAY_CMAKE_OPTIONS:-}" ] || read -ra options <<<"${options[*]} $PATCHBAY_CMAKE_OPTIONS"
    cd "$root" || exit 1
    if [ ! -f "build/$preset/build.ninja" ]; then
        check_space "$preset"
        say "Configuring ($preset)"
        mkdir -p build
        if ! cmake --preset "$preset" "${options[@]}" >"build/configure-$preset.log" 2>&1; then
            cat "build/configure-$preset.log" >&2
            rm -f "build/$preset/build.ninja"
            fail "CMake could not configure the build: the first error above names what it did not find (README.md, 'On another system')"
        fi
    fi
    export NINJA_STATUS='[%f/%t %es] '
    if ! ninja -C "build/$preset" -j "$(jobs)" "$@"; then
        # Two sources may each have a helper of the same name, which only matters where they are compiled as one.
        grep -q '^PATCHBAY_UNITY:BOOL=ON' "build/$preset/CMakeCache.txt" || failed_build
        ! disk_is_full || failed_build # again would only fail again
        say "Building ($preset) again, every source on its own"
        cmake -DPATCHBAY_UNITY=OFF "build/$preset" >"build/configure-$preset.log" 2>&1 || fail "CMake failed, see build/configure-$preset.log"
        ninja -C "build/$preset" -j "$(jobs)" "$@" || failed_build
    fi
    local took=$((SECONDS - begun))
    [ $took -lt 3 ] || echo "built $preset in $took s"
}
