"""The wheel holds the whole package and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
NOT_CODE = {"tests", "docs", "benchmarks", "examples"}


def test_the_wheel_holds_every_module_and_data_file(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    inside = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    assert all(n.startswith("healthgym/") for n in inside)
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    wanted = {
        f"healthgym/{name}"
        for name in tracked
        if "/" in name and name.split("/")[0] not in NOT_CODE and name[0] != "."
    }
    assert wanted <= inside, sorted(wanted - inside)
    assert not {n.split("/")[1] for n in inside} & NOT_CODE


def test_no_source_file_is_long() -> None:
    files = [
        p for p in ROOT.rglob("*.py") if not set(p.relative_to(ROOT).parts) & {".venv", ".src"}
    ]
    long = {
        str(p.relative_to(ROOT)): n
        for p in files
        if not set(p.relative_to(ROOT).parts) & {"tests", "benchmarks"}
        and (n := len(p.read_text().splitlines())) > 400
    }
    assert not long


def test_light_doors_load_no_heavy_library() -> None:
    code = (
        "import sys, healthgym.__main__, healthgym.node;"
        "print([m for m in ('torch', 'trl', 'transformers', 'wandb', 'matplotlib') "
        "if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
