"""MongoDB addresses the driver does not understand: refused, where the driver itself would only warn and go on."""

from __future__ import annotations

import pytest

from store_adapters.contract import RecordRef
from store_adapters.errors import BadStoreAddress
from store_adapters.registry import open_store


@pytest.mark.parametrize("option", ["directConnection=xyz", "ssl=maybe", "noSuchOption=1"])
def test_option_the_driver_does_not_understand_is_refused(option: str) -> None:
    with pytest.raises(BadStoreAddress) as caught:
        open_store(f"mongodb://ann:hunter2@127.0.0.1:1/shop?{option}").read(RecordRef("sessions", b"x"))
    assert "hunter2" not in str(caught.value)
