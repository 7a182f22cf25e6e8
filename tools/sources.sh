#!/usr/bin/env bash
# Lists the C files of the project (own code only), one per line, in a fixed order.
set -euo pipefail
cd "$(dirname "$0")/.."
find include src test bench -name '*.[ch]' -type f | LC_ALL=C sort
