#!/usr/bin/env bash
# All checks of the source; goes through to the end and fails if any of them did.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/lint
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
failed=()

check() { # name, command ...
    local name=$1
    shift
    if "$@"; then
        echo "lint  $name"
    else
        echo "lint  $name: FAILED"
        failed+=("$name")
    fi
}

format() {
    local files
    files=$(tools/sources.sh | xargs clang-format --dry-run -Werror 2>&1 |
        sed -n 's/^\([^ :]*\):[0-9]*:[0-9]*: error:.*/\1/p' | sort -u) || true
    [ -z "$files" ] || {
        printf '%s: not in the form of .clang-format (make format)\n' $files
        return 1
    }
}

tidy_files() { # one file per process: clang-tidy 14 takes va_start for missing in a second one
    xargs -P "$jobs" -n 1 clang-tidy -p "$build" --quiet "$@" 2>"$build/tidy.log"
}

tidy() {
    local status=0
    tools/sources.sh | grep '\.c$' | grep -v '_test\.c$' | tidy_files || status=1
    # Tests may start other programs (R, Chromium) through the shell.
    tools/sources.sh | grep '_test\.c$' | tidy_files --checks=-cert-env33-c || status=1
    return $status
}

cppcheck_all() {
    cppcheck --quiet -j "$jobs" --std=c11 --enable=warning,performance,portability \
        --inline-suppr --error-exitcode=1 --suppress=missingInclude \
        --suppressions-list=tools/cppcheck.txt -D_GNU_SOURCE -DST_API= -DST_SOURCE_DIR='""' \
        -DST_BUILD_MODEL_DIR='""' -I include -I src src bench test
}

library() { # the library of the same build, for its names
    cmake --build "$build" --parallel "$jobs" --target stroma >"$build/build.log" 2>&1 ||
        { tail -n 30 "$build/build.log"; return 1; }
    tools/check_prefixes.sh "$build/libstroma.a"
}

CC=clang cmake -S . -B "$build" --log-level=NOTICE >/dev/null
check "format" format
check "arrows between rooms" tools/check_arrows.py
check "equation ids" tools/check_equations.py
check "links in the pages" tools/check_links.py
check "paths of machines" tools/check_paths.sh
check "names in the library" library
check "cppcheck" cppcheck_all
check "clang-tidy" tidy

if [ ${#failed[@]} -gt 0 ]; then
    echo "${#failed[@]} of the checks failed" >&2
    exit 1
fi
