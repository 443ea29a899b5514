"""Which checkout a command is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.checkout import SOCKET_PATH_LIMIT, Checkout, find_checkout
from localcloud.errors import NoCheckout


@pytest.mark.parametrize("name", ["Pulumi.yaml", "pyproject.toml"])
def test_the_nearest_folder_upwards_with_a_project_file_is_the_checkout(tmp_path: Path, name: str) -> None:
    deep = tmp_path / "checkout" / "examples" / "shop"
    deep.mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "checkout" / name).touch()
    found = find_checkout(deep, {})
    assert found.root == tmp_path / "checkout"
    assert found.cloud == tmp_path / "checkout" / ".uneventful" / "cloud"


def test_the_variable_names_another_state_folder(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").touch()
    found = find_checkout(tmp_path, {"UNEVENTFUL_HOME": str(tmp_path / "elsewhere")})
    assert found.cloud == tmp_path / "elsewhere" / "cloud"
    assert found.key != find_checkout(tmp_path, {}).key


def test_outside_of_a_checkout_the_error_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(NoCheckout, match=r"Pulumi.yaml or pyproject.toml"):
        find_checkout(tmp_path, {})


def test_the_control_socket_fits_into_a_unix_sockets_path_however_deep_the_checkout(tmp_path: Path) -> None:
    shallow, deep = Path("/home/me/shop"), tmp_path / ("x" * 60) / ("y" * 60)
    assert Checkout(shallow, shallow / ".uneventful").socket == shallow / ".uneventful/cloud/control.sock"
    assert len(str(Checkout(deep, deep / ".uneventful").socket)) <= SOCKET_PATH_LIMIT
