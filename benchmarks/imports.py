"""Importing real charts: time for 100,000 rows and peak memory, beside reading the same rows bare.

Needs HEALTHGYM_DATA, the folder that holds synthea_fhir_r4, mimic3_demo and eicu_demo. Run:
`HEALTHGYM_DATA=... python -m healthgym.benchmarks.imports`.
"""

import csv
import gzip
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

SOURCES = {"fhir": "synthea_fhir_r4", "mimic3": "mimic3_demo", "eicu": "eicu_demo"}
_CHILD = """
import resource, sys, time
from pathlib import Path
from healthgym.knowledge.charts import charts
from healthgym.knowledge.charts.model import Report
report, began, count = Report(), time.perf_counter(), 0
for _ in charts(sys.argv[1], Path(sys.argv[2]), report):
    count += 1
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(count, sum(report.read.values()), sum(report.kept.values()), seconds, peak, report.lost())
"""


def bare(folder: Path) -> tuple[int, float]:
    """Rows (or resources) and seconds of the standard library alone."""
    began, count = time.perf_counter(), 0
    for path in sorted(folder.iterdir()):
        if path.name.endswith(".csv.gz"):
            with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
                count += sum(1 for _ in csv.reader(lines)) - 1
        elif path.name.endswith(".json.gz"):
            count += len(json.load(io.BytesIO(gzip.decompress(path.read_bytes())))["entry"])
    return count, time.perf_counter() - began


def main() -> None:
    """Print the table of docs/performance.md."""
    data = Path(os.environ["HEALTHGYM_DATA"])
    print("| source | charts | rows | kept | s per 100,000 rows | bare reading | peak memory |")
    print("|---|---|---|---|---|---|---|")
    for kind, name in SOURCES.items():
        run = [sys.executable, "-c", _CHILD, kind, str(data / name)]
        told = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split(" ", 5)
        charts, rows, kept, seconds, peak = (float(t) for t in told[:5])
        assert told[5].strip() == "{}", told[5]
        counted, alone = bare(data / name)
        assert counted == rows, (counted, rows)
        print(
            f"| {kind} | {charts:,.0f} | {rows:,.0f} | {kept:,.0f} | {seconds / rows * 1e5:.2f} "
            f"| {alone / rows * 1e5:.2f} | {peak:.0f} MiB |"
        )


if __name__ == "__main__":
    main()
