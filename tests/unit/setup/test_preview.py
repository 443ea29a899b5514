"""What a preview of all stacks says of each of them."""

from __future__ import annotations

import pytest

from setup.preview import counts


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("Previewing (dev)\n + aws:x 3 to create\nResources:\n    + 115 to create\n", "115 to create"),
        (
            "\nResources:\n    + 1 to create\n    ~ 2 to update\n    +-1 to replace\n    4 changes. 111 unchanged\n",
            "1 to create, 2 to update, 1 to replace, 111 unchanged",
        ),
        ("\nResources:\n    115 unchanged\n", "115 unchanged"),
        ("error: 3 to create\n", ""),
    ],
)
def test_the_line_on_a_stack_has_the_counts_of_pulumis_own_summary(printed: str, said: str) -> None:
    assert counts(printed) == said
