#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# `cmake --install` to a fresh prefix gives a myna that runs from there, its headers, documents and
# licence, and nothing that points back into the build tree.
#
#   install.sh BUILD
set -eu
build=$1
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
cmake --install "$build" --prefix "$prefix" >/dev/null

fail() {
    echo "FAILED: $*"
    exit 1
}
for path in bin/myna include/myna/tcg/tcg.h include/myna/helpers/cpu-state.h include/myna/passes/pass.h \
    share/doc/myna/LICENSE share/doc/myna/README.md share/doc/myna/design.md; do
    [ -f "$prefix/$path" ] || fail "$path is not installed"
done
if readelf -d "$prefix/bin/myna" | grep -E 'R(UN)?PATH.*'"$build"; then
    fail "bin/myna looks for libraries in the build tree"
fi
# A pass is found by its bare name from there.
"$prefix/bin/myna" --pass=icount:out="$prefix/count" /bin/busybox true && grep -q '^icount: [1-9]' "$prefix/count" ||
    fail "--pass=icount does not work"
output=$("$prefix/bin/myna" /bin/busybox echo from the prefix)
[ "$output" = "from the prefix" ] || fail "bin/myna printed '$output'"
find "$prefix" -type f | wc -l | sed 's/$/ files installed/'
