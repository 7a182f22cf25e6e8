#!/usr/bin/env python3
"""Relative links in the Markdown pages lead to files that exist."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def main():
    mistakes = []
    pages = [p for p in ROOT.glob("*.md")]
    for folder in ("docs", "examples", "models", "bench", "extern"):
        pages += (ROOT / folder).glob("**/*.md")
    for page in sorted(pages):
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
            for target in LINK.findall(line):
                if "://" in target or target.startswith("mailto:"):
                    continue
                if not (page.parent / target).exists():
                    where = f"{page.relative_to(ROOT)}:{number}"
                    mistakes.append(f"{where}: leads to {target}, which does not exist")
    print("\n".join(mistakes), end="\n" if mistakes else "")
    return 1 if mistakes else 0


sys.exit(main())
