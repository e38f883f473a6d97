"""The same profile, posting and day give the same bytes in every process, whatever the seed of its hashes."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = """
import hashlib, sys
from datetime import date
from pathlib import Path

from services.document.jsonresume import import_json_resume
from services.generation.composing.compose import compose
from services.generation.matching.ranking import rank
from services.generation.postings.analysis import analyze
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import documents_pb2, postings_pb2, resumes_pb2

table, today, data = SkillTable.load(), date(2026, 11, 20), Path("tests/data")
people = sorted((data / "profiles").glob("*.json")) + sorted(Path("tests/corpus/people").glob("*.json"))
postings = sorted((data / "postings").iterdir())
for number, path in enumerate(people):
    profile, _ = import_json_resume(path.read_bytes())
    posting = postings_pb2.JobPosting(source_text=postings[number % len(postings)].read_text("utf-8"))
    reading = analyze(posting, table)
    posting.title, posting.locale = reading.title, reading.locale
    posting.analysis.CopyFrom(reading.analysis)
    ranking = rank(profile, posting.analysis, today, table)
    for keep in (True, False):
        options = resumes_pb2.TailoringOptions(preserve_experience=keep)
        made = compose(profile, posting, ranking, options, today, table)
        details = resumes_pb2.Resume(
            structure=made.structure, content_text=made.content_text, match=made.match, qa=made.qa,
            improvements=made.improvements, notices=made.notices,
        )
        whole = details.SerializeToString(deterministic=True) + ranking.SerializeToString(deterministic=True)
        print(path.stem, keep, hashlib.sha256(whole).hexdigest())
"""


def composed(seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}"}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return run.stdout


def test_every_process_composes_the_same_bytes() -> None:
    first, second = composed("1"), composed("4242")

    assert len(first.splitlines()) > 80
    assert first.splitlines() == second.splitlines()
