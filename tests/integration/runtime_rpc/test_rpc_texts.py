"""Texts that no database can hold are refused by the field they stand in, whoever sends them."""

from typing import Any

import grpc
import pytest

from services.runtime.errors import InvalidArgument, from_rpc_error
from tests.integration.runtime_rpc.probe import SERVICE, Answer, Ask, Serving, serving

HALF = b"\xed\xa0\x80"
"""The first half of a surrogate pair, as a client that does not check would send it."""


def _paths(error: InvalidArgument) -> list[str]:
    return [each.field for each in error.fields]


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (Ask(text="a\0b"), "text"),
        (Ask(items=[{"name": "fine"}, {"name": "\0"}]), "items[1].name"),
        (Ask(named={"left": {"name": "a\0"}}), 'named["left"].name'),
        (Ask(named={"a\0b": {"name": "x"}}), 'named["a\ufffdb"]'),
    ],
)
async def test_a_nul_is_refused_wherever_it_stands(request_: Any, path: str) -> None:
    async with serving() as here:
        for call in (here.stub.Echo(request_), here.stub.Gather(iter([request_]))):
            with pytest.raises(InvalidArgument) as refused:
                await call
            assert _paths(refused.value) == [path]
            assert refused.value.fields[0].description == "must not hold the character U+0000"


async def test_a_message_of_zeros_is_no_text_with_a_nul() -> None:
    async with serving() as here:
        assert (await here.stub.Echo(Ask(text="fine", items=[{"name": "x" * 256}]))).text == "fine"


async def _sent(here: Serving, method: str, data: bytes) -> InvalidArgument:
    ways = {"Echo": here.bare.unary_unary, "Gather": here.bare.stream_unary}
    call: Any = ways[method](
        f"/{SERVICE}/{method}", request_serializer=bytes, response_deserializer=Answer.FromString
    )
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(data if method == "Echo" else iter([data]), metadata=here.bearer())
    error = from_rpc_error(refused.value)
    assert isinstance(error, InvalidArgument)
    return error


@pytest.mark.parametrize("method", ["Echo", "Gather"])
async def test_half_a_character_is_refused_by_the_field_it_stands_in(method: str) -> None:
    data = Ask(text="fine", items=[{"name": "first"}, {"name": "xyz"}]).SerializeToString()

    async with serving() as here:
        error = await _sent(here, method, data.replace(b"xyz", HALF))

    assert _paths(error) == ["items[1].name"]
    assert "UTF-8" in str(error)


async def test_bytes_that_are_no_message_are_refused_and_not_an_internal_error() -> None:
    async with serving() as here:
        error = await _sent(here, "Echo", b"\xff\xff\xff")

    assert error.reason == "MESSAGE_UNREADABLE"
    assert not error.fields
