#!/usr/bin/env bash
# Installs what is missing, and prints nothing when all is there.
#
#   tools/setup.sh [build] [test] [clang] [lint] [oracles]      (build when none is named)
#
# On Debian and its relatives the packages come by apt, as root or through sudo. Elsewhere one line
# names what is missing and the status is 1.
set -euo pipefail

missing=()

need_program() { # program, package
    command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}

need_module() { # pkg-config module, package
    if ! command -v pkg-config >/dev/null 2>&1 || ! pkg-config --exists "$1"; then
        missing+=("$2")
    fi
}

need_r_package() { # R package, Debian package
    if ! command -v Rscript >/dev/null 2>&1 ||
        ! Rscript -e "if (!requireNamespace('$1', quietly = TRUE)) quit(status = 1)" >/dev/null 2>&1; then
        missing+=("$2")
    fi
}

need_header() { # header, package
    local compiler
    for compiler in cc gcc clang; do
        if command -v "$compiler" >/dev/null 2>&1; then
            printf '#include <%s>\n' "$1" | "$compiler" -E -x c - >/dev/null 2>&1 && return
        fi
    done
    missing+=("$2")
}

# Modules of test/report/page_in_browser_test.sh. They are fetched into the build folder, at fixed
# versions, where npm is there; without them that test is skipped.
fetch_node_modules() {
    local place
    place=$(cd "$(dirname "$0")/.." && pwd)/build/node
    command -v npm >/dev/null 2>&1 || return 0
    [ ! -d "$place/node_modules/playwright-core" ] || [ ! -d "$place/node_modules/axe-core" ] ||
        return 0
    mkdir -p "$place"
    npm install --prefix "$place" --no-audit --no-fund --ignore-scripts --loglevel error \
        playwright-core@1.65.1 axe-core@4.14.1 >/dev/null 2>&1 ||
        echo "the modules of the browser test could not be fetched; it will be skipped" >&2
}

# Debian's VTK module belongs to Debian's own Python, whichever python3 comes first.
need_vtk() {
    local python
    for python in python3 /usr/bin/python3; do
        "$python" -c 'import vtkmodules.vtkIOXML' >/dev/null 2>&1 && return
    done
    missing+=(python3-vtk9)
}

find_missing() { # groups
    local group
    missing=()
    for group in "$@"; do
        case "$group" in
        build)
            command -v cc >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1 ||
                command -v clang >/dev/null 2>&1 || missing+=(gcc)
            need_header stdio.h libc6-dev
            need_program cmake cmake
            command -v ninja >/dev/null 2>&1 || command -v make >/dev/null 2>&1 ||
                missing+=(ninja-build)
            need_program pkg-config pkg-config
            need_module libfyaml libfyaml-dev
            need_module sqlite3 libsqlite3-dev
            need_module gsl libgsl-dev
            need_module sleef libsleef-dev
            need_module libxxhash libxxhash-dev
            need_module zlib zlib1g-dev
            need_module libzstd libzstd-dev
            need_header Random123/philox.h librandom123-dev
            ;;
        test)
            need_module cmocka libcmocka-dev
            ;;
        clang)
            need_program clang clang
            ;;
        lint)
            need_program clang clang
            need_program gcc gcc
            need_program nm binutils
            need_program clang-format clang-format
            need_program clang-tidy clang-tidy
            need_program cppcheck cppcheck
            need_program python3 python3
            ;;
        oracles)
            need_header cvode/cvode.h libsundials-dev
            need_program Rscript r-base-core
            need_r_package nlme r-cran-nlme
            need_r_package survival r-cran-survival
            need_r_package emmeans r-cran-emmeans
            python3 -c 'import jsonschema, yaml' >/dev/null 2>&1 ||
                missing+=(python3-jsonschema python3-yaml)
            need_vtk
            need_program chromium chromium
            need_program npm npm
            ;;
        *)
            echo "tools/setup.sh: unknown group '$group'; known: build, test, clang, lint, oracles" >&2
            exit 2
            ;;
        esac
    done
}

as=() # how to become root: not at all, or through sudo
can_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo >/dev/null 2>&1 || return 1
    as=(sudo)
    [ -t 0 ] || as=(sudo -n) # nobody is there to type a password
}

apt() {
    "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"
}

groups=("$@")
[ $# -gt 0 ] || groups=(build)
log=
at_exit() {
    [ -z "$log" ] || rm -f "$log"
    case " ${groups[*]} " in
    *" oracles "*) fetch_node_modules ;;
    esac
}
trap at_exit EXIT
find_missing "${groups[@]}"
[ ${#missing[@]} -gt 0 ] || exit 0

if can_install; then
    echo "installing: ${missing[*]}"
    log=$(mktemp)
    if apt update >"$log" 2>&1 &&
        apt install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
        find_missing "${groups[@]}"
        [ ${#missing[@]} -gt 0 ] || exit 0
    else
        tail -n 5 "$log" >&2
    fi
fi
echo "please install these packages (Debian names), then try again: ${missing[*]}" >&2
exit 1
