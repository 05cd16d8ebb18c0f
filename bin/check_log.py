"""Read one log of Odoo: show every warning and error that bin/allowed_warnings.txt does
not allow, and with --tests count the tests.

Exit status: 0 when nothing was shown. With --tests the last line printed is
"PASSED FAILED SKIPPED"; each line of the log that is not allowed and no test's failure
counts as one failure.
"""

import re
import sys
from pathlib import Path

RECORD = re.compile(
    r"^\d{4}-\d\d-\d\d [\d:,]+ \d+ (?P<level>[A-Z]+) \S+ (?P<logger>\S+): (?P<text>.*)",
    re.DOTALL,
)
FAILURE = re.compile(r"(?:FAIL|ERROR): (?:Subtest )?(?P<test>\S+)")
STARTED = re.compile(r"Starting (?P<test>\S+) \.\.\.")
SKIPPED = re.compile(r"skipped (?P<test>.+?) : (?P<reason>.*)", re.DOTALL)
NOISY = {"WARNING", "ERROR", "CRITICAL"}
# What Odoo says in sum after it has named each failure.
SUMS = re.compile(
    r"Module \w+: \d+ failures, |At least one test failed |\d+ failed, \d+ error"
)


def records(path):
    """The log's records, each with the lines that follow it."""
    lines = []
    for line in Path(path).read_text(errors="replace").splitlines(keepends=True):
        if RECORD.match(line) and lines:
            yield "".join(lines)
            lines = []
        lines.append(line)
    if lines:
        yield "".join(lines)


def allowed_warnings():
    """Pairs of lines: a comment with the reason, then the pattern."""
    path = Path(__file__).with_name("allowed_warnings.txt")
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    reason = None
    for line in lines:
        if line.startswith("#"):
            reason = line
        elif reason is None:
            sys.exit(f"{path}: no reason stands above the pattern {line!r}")
        else:
            yield re.compile(line, re.DOTALL)
            reason = None


def main(path, count_tests=False):
    allowed = list(allowed_warnings())
    started, failed, skipped, bad = set(), set(), {}, 0
    for record in records(path):
        match = RECORD.match(record)
        if not match:  # what was printed before the log began
            if "Traceback (most recent call last)" in record:
                print(record, end="")
                bad += 1
            continue
        text = match["text"]
        if found := STARTED.match(text):
            started.add(found["test"])
        elif (found := SKIPPED.match(text)) and match["level"] == "INFO":
            skipped[found["test"]] = found["reason"].strip()
        if match["level"] not in NOISY:
            continue
        if any(pattern.search(record) for pattern in allowed):
            continue
        if SUMS.match(text):
            continue
        print(record, end="")
        if found := FAILURE.match(text):
            failed.add(found["test"])
        else:
            bad += 1
    for test, reason in skipped.items():
        print(f"SKIPPED {test}: {reason}")
    if count_tests:
        done = started - failed - set(skipped)
        print(len(done), len(failed) + bad, len(skipped))
    return bool(failed or bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "--tests" in sys.argv))
