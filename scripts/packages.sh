# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash disable=SC2034
#
# The one list of Debian packages that myna needs, and the one way to install them. Sourced by
# scripts/demo and scripts/test, never run.

# To build and to run.
packages_build=(
    clang-19 lld-19 llvm-19 llvm-19-dev cmake ninja-build pkg-config ccache
    libzydis-dev libffi-dev libglib2.0-dev liburcu-dev libxxhash-dev
)
# What scripts/demo runs under myna.
packages_demo=(
    busybox bash coreutils python3 sqlite3 gcc libc6-dev
)
# What scripts/test needs besides: cmocka, sanitizer run-times, cross compilers, and the programs of
# test/real.
packages_test=(
    libcmocka-dev libclang-rt-19-dev qemu-user
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-12-source gdb gdb-multiarch linux-perf
    gawk sed grep diffutils findutils bc file perl make git openssl
    gzip bzip2 xz-utils zstd lua5.4 iproute2 ethtool
)
# `python3 -m test`, whose package carries Python's version in its name.
# shellcheck disable=SC1091
case $(. /etc/os-release 2>/dev/null && echo "${VERSION_ID-}") in
13) packages_test+=(libpython3.13-testsuite) ;;
*) packages_test+=(libpython3.11-testsuite) ;;
esac

# Runs a command as root: as it is when we are root, through sudo when not.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "error: '$*' needs root, and there is no sudo here." >&2
        echo "       Run it as root once, then start again." >&2
        return 1
    fi
}

# The packages among "$@" that are not installed, one a line.
packages_missing() {
    local name
    for name in "$@"; do
        dpkg-query -W -f='${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed ||
            echo "$name"
    done
}

# Installs those of "$@" that are missing, and says which. Asks for the package lists only when
# something is missing, so a second run touches nothing.
packages_ensure() {
    local missing
    if ! command -v apt-get >/dev/null; then
        echo "error: this is no Debian (no apt-get). myna is built with the packages:" >&2
        echo "       $*" >&2
        return 1
    fi
    mapfile -t missing < <(packages_missing "$@")
    if [ ${#missing[@]} = 0 ]; then
        echo "packages: all $# are there"
        return 0
    fi
    echo "packages: installing ${missing[*]}"
    as_root apt-get -q update || return 1
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y --no-install-recommends install "${missing[@]}" || return 1
}
