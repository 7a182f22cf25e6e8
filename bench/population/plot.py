#!/usr/bin/env python3
"""Draws bench/results/population.csv: people per second at equal achieved error.

    plot.py bench/results/population.csv docs/population-speed.svg
"""
import csv
import sys

MODELS = {"knee-oa": "Knee model, 44 states", "baker2017": "Baker model, 4 states", "stiff48": "Stiff test model, 48 states"}
SOLVERS = [("cvode dense", "CVODE, dense", "#b8b8b8"), ("cvode klu", "CVODE, sparse (KLU)", "#7d7d7d"), ("stroma", "Stroma", "#1b6ca8")]
WIDTH, LEFT, BAR, GAP = 720, 210, 16, 4


def main(source, target):
    rows = [r for r in csv.DictReader(open(source, encoding="utf-8")) if r["threads"] == "1"]
    largest = max(float(r["people_per_second_median"]) for r in rows)
    out = []
    y = 60
    for model, title in MODELS.items():
        out.append(f'<text x="10" y="{y}" font-weight="bold">{title}</text>')
        y += 10
        for at, words in (("1e-4", "errors of CVODE at 1e-4"), ("1e-6", "errors of CVODE at 1e-6")):
            group = {r["solver"]: r for r in rows if r["model"] == model and r["peer_rtol"] == at}
            out.append(f'<text x="10" y="{y + 34}">{words}</text>')
            for key, name, colour in SOLVERS:
                if key not in group:
                    continue
                speed = float(group[key]["people_per_second_median"])
                length = max(1.0, (WIDTH - LEFT - 150) * speed / largest)
                out.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{colour}"><title>{name}</title></rect>')
                out.append(f'<text x="{LEFT + length + 6:.1f}" y="{y + 12}">{speed:,.0f}</text>'.replace(",", " "))
                y += BAR + GAP
            y += 10
        y += 24
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{y}" fill="white"/>',
        '<text x="10" y="20" font-size="14">People per second, one thread, median of repeats</text>',
    ]
    for i, (_, name, colour) in enumerate(SOLVERS):
        head.append(f'<rect x="{300 + 140 * i}" y="30" width="12" height="12" fill="{colour}"/><text x="{316 + 140 * i}" y="40">{name}</text>')
    with open(target, "w", encoding="utf-8") as file:
        file.write("\n".join(head + out + ["</svg>", ""]))


if __name__ == "__main__":
    main(*sys.argv[1:])
