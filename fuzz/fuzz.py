"""Fuzzing, guided by coverage (atheris), of the rooms that read bytes from outside: `python fuzz/fuzz.py 60`.

`python fuzz/fuzz.py 60 speech forms` takes some targets only; what each promises stands in tests/hostile/parsing.py.
An input that breaks a promise is printed with its traceback, and fails the run.
"""

import multiprocessing
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

with atheris.instrument_imports(include=["aiohttpretty"]):
    from hostile.parsing import SEEDS, TARGETS


def fuzz(name, seconds):
    """Fuzz one target; the process ends with it."""
    corpus = Path(f".fuzz/{name}")
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS):
        (corpus / f"seed{number}").write_bytes(seed)
    options = [f"-max_total_time={seconds}", "-max_len=400", "-timeout=20", "-rss_limit_mb=2048", "-verbosity=0"]
    options += ["-print_final_stats=1", f"-artifact_prefix=.fuzz/{name}-"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[name])
    atheris.Fuzz()


def main():
    """One target after the other, each in a process of its own and with its share of the seconds."""
    seconds, names = int(sys.argv[1]), sys.argv[2:] or sorted(TARGETS)
    broken = []
    for name in names:
        print(f"--- {name}", flush=True)
        process = multiprocessing.get_context("fork").Process(target=fuzz, args=(name, max(1, seconds // len(names))))
        process.start()
        process.join()
        if process.exitcode:
            broken.append(name)
    print(f"{len(names)} targets, broken: {', '.join(broken) or 'none'}")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
