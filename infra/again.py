"""What scripts that boot a machine have in common: patience. Pure."""

from __future__ import annotations


def again(tries: int) -> str:
    """The shell function `again COMMAND…`: runs it until it ends well, every 2 s, `tries` times in all."""
    return f"""\
again() {{
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt {tries} ] || {{ echo "gave up after $tries tries: $*"; return 1; }}
    sleep 2
  done
}}"""
