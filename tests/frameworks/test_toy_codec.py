"""The toy framework's codec keeps what every codec has to keep: the suite that anybody's package may inherit."""

from __future__ import annotations

import pytest

from inspector.codecs import Codec
from tests.contract.codec_suite import CodecSuite
from tests.frameworks.toy import ToyLines


class TestToyLines(CodecSuite):
    @pytest.fixture
    def codec(self) -> Codec:
        return ToyLines()

    @pytest.fixture
    def sample(self) -> bytes:
        return b"toy\nwho=ada\ncolour=red"
