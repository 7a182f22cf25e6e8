#!/usr/bin/env python3
"""Equation ids such as [POP-3]: in the code, in docs/equations/ and in a test.

Every id in brackets in src/ or include/ must be documented in docs/equations/*.md. Every documented
id must stand in the code and must be named by a test, or its entry must name a test file that
exists.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
IN_CODE = re.compile(r"\[([A-Z]{3}-[0-9]+)\]")
ANY = re.compile(r"\b([A-Z]{3}-[0-9]+)\b")
TEST_FILE = re.compile(r"[A-Za-z0-9_/]+_test\.(?:c|sh)")


def is_test(path):
    return "_test." in path.name or path.relative_to(ROOT).parts[0] == "test"


def ids_in(paths, pattern):
    """First place of every id."""
    places = {}
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for name in pattern.findall(line):
                places.setdefault(name, f"{path.relative_to(ROOT)}:{number}")
    return places


def entries(paths):
    """Text of the entry of every documented id: from its heading or first line to the next id's."""
    texts = {}
    for path in paths:
        current = []
        for line in path.read_text(encoding="utf-8").splitlines():
            found = ANY.findall(line)
            is_start = line.startswith("#") or line.startswith("|") or line.startswith("**")
            if found and (is_start or line.startswith("[")):
                current = found
            elif line.startswith("#"):
                current = []
            for name in set(current) | set(found):
                texts[name] = texts.get(name, "") + line + "\n"
    return texts


def names_test(text):
    for name in TEST_FILE.findall(text):
        if any(path.name == pathlib.Path(name).name for path in ROOT.glob("src/**/*_test.*")):
            return True
        if any(path.name == pathlib.Path(name).name for path in ROOT.glob("test/**/*_test.*")):
            return True
    return False


def main():
    sources = sorted(ROOT.glob("src/**/*.[ch]")) + sorted(ROOT.glob("include/**/*.h"))
    tests = [p for p in sources if is_test(p)] + sorted(
        p for p in ROOT.glob("test/**/*") if p.suffix in (".c", ".h", ".sh")
    )
    pages = sorted(ROOT.glob("docs/equations/*.md"))
    code = ids_in([p for p in sources if not is_test(p)], IN_CODE)
    tested = ids_in(tests, ANY)
    documented = ids_in(pages, re.compile(r"\b((?!ISO-|RFC-|DOI-)[A-Z]{3}-[0-9]+)\b"))
    text = entries(pages)
    mistakes = [
        f"{place}: {name} has no entry in docs/equations/"
        for name, place in code.items()
        if name not in documented
    ]
    prefixes = {name.split("-")[0] for name in code}
    for name, place in documented.items():
        if name.split("-")[0] not in prefixes:
            continue  # an abbreviation with a number, not an equation
        if name not in code:
            mistakes.append(f"{place}: {name} stands nowhere in the code as [{name}]")
        if name not in tested and not names_test(text.get(name, "")):
            mistakes.append(f"{place}: {name} is named by no test")
    print("\n".join(mistakes), end="\n" if mistakes else "")
    return 1 if mistakes else 0


sys.exit(main())
