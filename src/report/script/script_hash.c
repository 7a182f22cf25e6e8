// Written by tools/bundle_report.py: do not edit.
// clang-format off
#include "report/script/script.h"

const char* const st_script_hash = "sha256-stNSFNv6vfzmUGE3cZcVWdCM7GW8S/NEn1VwdGzHNkM=";
