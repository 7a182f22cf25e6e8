// Written by tools/bundle_report.py: do not edit.
// clang-format off
#include "report/script/script.h"

const char* const st_script_hash = "sha256-wmQkPfPbF/nbllKOpcHmAyf5EJqQFyZchR/51wJ99QU=";
