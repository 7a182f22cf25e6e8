#!/usr/bin/env python3
"""Arrows between rooms: an #include points to the left and goes through a door.

base < model < procedure < (tissue | population) < cells < agents < patient < trial < report < viewer < cli.
A room sees another one only through stroma/<room>.h; the headers of base/ are open to all.
"""
import pathlib
import re
import sys

ORDER = {
    "base": 0,
    "model": 1,
    "procedure": 2,
    "tissue": 3,
    "population": 3,
    "cells": 4,
    "agents": 5,
    "patient": 6,
    "trial": 7,
    "report": 8,
    "viewer": 9,
    "cli": 10,
}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
ROOT = pathlib.Path(__file__).resolve().parent.parent


def target_of(path, room, text):
    """Room that an include leads to, and whether it goes through the room's door."""
    parts = text.split("/")
    if parts[0] == "stroma":
        return parts[-1].removesuffix(".h"), True
    if parts[0] in ORDER and len(parts) > 1:
        return parts[0], False
    if (path.parent / text).exists():
        resolved = (path.parent / text).resolve().relative_to(ROOT)
        if resolved.parts[:2] == ("include", "stroma"):
            return resolved.stem, True
        return (resolved.parts[1] if resolved.parts[0] == "src" else room), False
    return None, False


def check(path, room):
    mistakes = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        text = found.group(1)
        target, by_door = target_of(path, room, text)
        where = f"{path.relative_to(ROOT)}:{number}: #include \"{text}\""
        if target is None or target not in ORDER:
            mistakes.append(f"{where}: leads to no room; known: {', '.join(ORDER)}")
        elif target == room:
            continue
        elif ORDER[target] >= ORDER[room]:
            mistakes.append(f"{where}: {room} may not see {target}, arrows point to the left")
        elif not by_door and target != "base":
            mistakes.append(f"{where}: {target} is entered through stroma/{target}.h only")
    return mistakes


def main():
    mistakes = []
    count = 0
    for path in sorted((ROOT / "src").glob("**/*.[ch]")):
        room = path.relative_to(ROOT / "src").parts[0]
        if room not in ORDER:
            mistakes.append(f"{path.relative_to(ROOT)}: no such room; known: {', '.join(ORDER)}")
            continue
        count += 1
        mistakes += check(path, room)
    for path in sorted((ROOT / "include" / "stroma").glob("*.h")):
        count += 1
        mistakes += check(path, path.stem)
    if count == 0:
        mistakes.append("no source file was found")
    print("\n".join(mistakes), end="\n" if mistakes else "")
    return 1 if mistakes else 0


sys.exit(main())
