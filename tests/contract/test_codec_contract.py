"""The behaviour suite of codecs on the built-in ones."""

from __future__ import annotations

import pytest

from inspector.codecs import Codec
from inspector.codecs.records.connect_mongo import ConnectMongoObject, ConnectMongoText
from inspector.codecs.records.express_json import ExpressJson, SessionFile
from tests.contract.codec_suite import CodecSuite

TEXT = b'{"cookie":{"originalMaxAge":null,"path":"/"},"n":1.50,"user":"ada"}'


class TestExpressJson(CodecSuite):
    @pytest.fixture
    def codec(self) -> Codec:
        return ExpressJson()

    @pytest.fixture
    def sample(self) -> bytes:
        return TEXT


class TestSessionFile(TestExpressJson):
    @pytest.fixture
    def codec(self) -> Codec:
        return SessionFile()


class TestConnectMongoText(CodecSuite):
    @pytest.fixture
    def codec(self) -> Codec:
        return ConnectMongoText()

    @pytest.fixture
    def sample(self) -> bytes:
        from bson import encode

        return encode({"_id": "s1", "session": TEXT.decode()})


class TestConnectMongoObject(CodecSuite):
    @pytest.fixture
    def codec(self) -> Codec:
        return ConnectMongoObject()

    @pytest.fixture
    def sample(self) -> bytes:
        from bson import encode

        return encode({"_id": "s1", "session": {"cookie": {"path": "/"}, "user": "ada", "n": 1}})
