"""Python imports this at its start when this folder is on PYTHONPATH. When Pulumi's program ends, the process notes
the processor time that it has taken since it was started, in a file of its own in the folder that BENCH_CPU names."""

import atexit
import os
import resource
import sys

PROGRAM = "pulumi-language-python-exec"


def note() -> None:
    # Pulumi's starter puts the program's own name into sys.argv.
    if not any(word.endswith(PROGRAM) for word in sys.orig_argv):
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open(os.path.join(os.environ["BENCH_CPU"], str(os.getpid())), "w") as file:  # noqa: PTH118, PTH123  pathlib would be part of what is measured
        file.write(f"{used.ru_utime + used.ru_stime}")


if "BENCH_CPU" in os.environ:
    atexit.register(note)
