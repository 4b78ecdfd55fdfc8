"""What every codec has to do, to be inherited: give `codec`, `sample` (bytes it reads) and, where it is not JSON, `foreign`."""

from __future__ import annotations

from random import Random

import pytest

from inspector.codecs import MAX_BYTES, Codec, CodecError, Fidelity, OpeningKeys, TooLargeError
from inspector.core.edits import RemoveEntry, apply_edit

KEYS = OpeningKeys()


class CodecSuite:
    """Inherit it, and define the fixtures."""

    @pytest.fixture
    def codec(self) -> Codec:
        raise NotImplementedError

    @pytest.fixture
    def sample(self) -> bytes:
        """A record in this format whose session has two members or more."""
        raise NotImplementedError

    @pytest.fixture
    def foreign(self) -> bytes:
        """What is no record in this format."""
        return b"\x80\x04\x95no such record"

    def test_reads_its_sample_without_loss(self, codec: Codec, sample: bytes) -> None:
        decoded = codec.decode(sample, KEYS, MAX_BYTES)
        assert decoded.fidelity is Fidelity.EXACT
        assert (decoded.codec, decoded.label, decoded.payload) == (codec.name, codec.label, sample)
        assert codec.encode(decoded, decoded.root) == sample

    def test_removed_member_is_gone_and_the_others_stay(self, codec: Codec, sample: bytes) -> None:
        decoded = codec.decode(sample, KEYS, MAX_BYTES)
        root, undo = apply_edit(decoded.root, RemoveEntry((len(decoded.root.entries) - 1,)))
        written = codec.decode(codec.encode(decoded, root), KEYS, MAX_BYTES)
        assert [(one.key, one.value) for one in written.root.entries] == [(one.key, one.value) for one in root.entries]
        assert codec.encode(decoded, apply_edit(root, undo)[0]) == sample

    def test_refuses_what_is_something_else(self, codec: Codec, foreign: bytes) -> None:
        with pytest.raises(CodecError):
            codec.decode(foreign, KEYS, MAX_BYTES)

    def test_refuses_what_is_larger_than_asked(self, codec: Codec, sample: bytes) -> None:
        with pytest.raises(CodecError) as caught:
            codec.decode(sample, KEYS, 8)
        assert isinstance(caught.value, TooLargeError) or caught.value.is_limit

    @pytest.mark.parametrize("seed", range(200))
    def test_damaged_record_raises_only_codec_errors(self, codec: Codec, sample: bytes, seed: int) -> None:
        chance = Random(seed)
        start, length, token = chance.randrange(len(sample)), chance.randrange(7), chance.randbytes(chance.randrange(5))
        payload = sample[:start] + token + sample[start + length :]
        try:
            decoded = codec.decode(payload, KEYS, MAX_BYTES)
            codec.decode(codec.encode(decoded, decoded.root), KEYS, MAX_BYTES)
        except CodecError as error:
            assert str(error)
        else:
            assert decoded.payload == payload
