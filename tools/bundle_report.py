#!/usr/bin/env python3
"""Writes the script of the report as C: extern/uPlot and src/report/script/page.js.

    tools/bundle_report.py           writes src/report/script/script_*.c
    tools/bundle_report.py --check   fails when they are not up to date

The page allows exactly one script, by the hash of its bytes; the hash is written here too. A build of
Stroma runs neither this nor Node: the results are kept with the source.
"""
import base64
import hashlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROOM = ROOT / "src/report/script"
PIECE = 88  # characters of a line of C
TEXT = 3900  # characters of a literal: C99 promises 4095
HEAD = "// Written by tools/bundle_report.py: do not edit.\n// clang-format off\n"


def quoted(text):
    """Lines of C that hold a text, in literals of at most TEXT characters."""
    escaped = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "?": "\\?"}
    literals, lines, line, size = [], [], "", 0
    for character in text:
        if not (" " <= character <= "~" or character in "\n\t"):
            raise SystemExit(f"found {character!r}: the script must be plain ASCII")
        line += escaped.get(character, character)
        size += 1
        if len(line) >= PIECE:
            lines.append(f'    "{line}"')
            line = ""
        if size >= TEXT:
            lines.append(f'    "{line}"')
            literals.append("\n".join(lines))
            lines, line, size = [], "", 0
    lines.append(f'    "{line}"')
    literals.append("\n".join(lines))
    return ",\n".join(literals)


def array(name, text):
    return (f'{HEAD}#include "report/script/script.h"\n\n'
            f"const char* const st_script_{name}[] = {{\n{quoted(text)},\n    (const char*)0}};\n")


def smaller(text):
    """The page's own script without comments, empty lines and indents."""
    lines = (line.strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def main():
    uplot = (ROOT / "extern/uPlot/uPlot.iife.min.js").read_text(encoding="ascii").strip() + "\n"
    style = (ROOT / "extern/uPlot/uPlot.min.css").read_text(encoding="ascii").strip()
    page = smaller((ROOM / "page.js").read_text(encoding="ascii")) + "\n"
    for text in (uplot, page):
        if "</script" in text or "<!--" in text:
            raise SystemExit("the script would end before its end")
    digest = base64.b64encode(hashlib.sha256((uplot + page).encode()).digest()).decode()
    files = {
        "script_uplot.c": array("uplot", uplot),
        "script_page.c": array("page", page),
        "script_uplot_style.c": array("uplot_style", style),
        "script_hash.c": f'{HEAD}#include "report/script/script.h"\n\n'
                         f'const char* const st_script_hash = "sha256-{digest}";\n',
    }
    stale = [name for name, text in files.items()
             if not (ROOM / name).exists() or (ROOM / name).read_text(encoding="ascii") != text]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"src/report/script/{name}: run tools/bundle_report.py", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        (ROOM / name).write_text(files[name], encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
