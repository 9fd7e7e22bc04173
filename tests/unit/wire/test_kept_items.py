"""Whatever a conversation takes, some later turn can say."""

import pytest

from antiphon.dialects.hosted_items import HOSTED_READERS, SILENT, UNTOLD
from antiphon.dialects.outputs import OUTPUTS
from antiphon.errors import BadRequest
from antiphon.wire.items import PREFIXES
from antiphon.wire.kept_items import check_items
from antiphon.wire.requests import Item

EVERYTHING: Item = {
    "role": "user",
    "content": [],
    "call_id": "c",
    "name": "f",
    "arguments": "",
    "input": "",
    "output": "",
}


@pytest.mark.parametrize("kind", sorted({*PREFIXES, *OUTPUTS, *HOSTED_READERS, *UNTOLD, *SILENT, "slug:thing"}))
def test_every_item_that_is_known_anywhere_may_be_kept(kind: str) -> None:
    check_items([EVERYTHING | {"type": kind}])


@pytest.mark.parametrize("kind", ["telepathy", "", "Message", "function"])
def test_no_other_item_may(kind: str) -> None:
    with pytest.raises(BadRequest) as caught:
        check_items([EVERYTHING, EVERYTHING | {"type": kind}])
    assert (caught.value.param, caught.value.code) == ("items[1].type", "invalid_value")
