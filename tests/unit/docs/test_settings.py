from collections.abc import Iterator, Mapping
from typing import Any

from infra.settings import Settings
from release.application import Options
from release.settings_reference import PAGE, page


def test_the_page_is_what_the_models_give() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make settings"


def test_every_key_is_described_where_it_is_defined() -> None:
    for model in (Settings, Options):
        assert not list(_undescribed(model.model_json_schema()))


def _undescribed(schema: Mapping[str, Any]) -> Iterator[str]:
    for model in (schema, *schema["$defs"].values()):
        for key, value in model["properties"].items():
            if not value.get("description") and "$defs" not in str(value) and key != "stack":
                yield f"{model['title']}.{key}"
