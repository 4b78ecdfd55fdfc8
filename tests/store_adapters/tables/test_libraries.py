"""A table is recognised by its columns, and read by the rules of the library that makes it."""

from __future__ import annotations

import pytest

from store_adapters.errors import BadStoreAddress, StoreRefused
from store_adapters.tables.expiry import ExpiryColumn, Unit
from store_adapters.tables.layout import Column, TableLayout, describe_table
from store_adapters.tables.library import Alive, Engine

_TABLES = [
    (Engine.POSTGRES, "sid:varchar sess:json expire:timestamp(6) without time zone", "connect-pg-simple"),
    (Engine.POSTGRES, "sid:varchar sess:jsonb expire:timestamp(6) with time zone user_id:text", "connect-pg-simple"),
    (Engine.POSTGRES, "sid:varchar sess:json expired:timestamp with time zone", "knex"),
    (Engine.POSTGRES, "sid:varchar expires:timestamp with time zone data:text createdAt:timestamp", "sequelize"),
    (Engine.POSTGRES, "id:text sid:text data:text expiresAt:timestamp(3) without time zone", "prisma"),
    (Engine.POSTGRES, "expiredAt:bigint id:varchar json:text destroyedAt:timestamp without time zone", "typeorm"),
    (Engine.POSTGRES, "session_key:varchar session_data:text expire_date:timestamp with time zone", "django"),
    (Engine.POSTGRES, "id:integer session_id:varchar data:bytea expiry:timestamp without time zone", "flask-session"),
    (Engine.POSTGRES, "id:varchar user_id:bigint payload:text last_activity:integer", "laravel"),
    (Engine.POSTGRES, "id:bigint session_id:varchar data:text created_at:timestamp updated_at:timestamp", "rails"),
    (Engine.POSTGRES, "id:integer userId:integer expires:timestamp with time zone sessionToken:varchar", "authjs"),
    (Engine.POSTGRES, "id:text expiresAt:timestamp token:text ipAddress:text userId:text", "better-auth"),
    (Engine.MYSQL, "session_id:varchar(128) expires:int(11) unsigned data:mediumtext", "express-mysql-session"),
    (Engine.MYSQL, "sid:varchar(255) sess:longtext expired:datetime", "knex"),
    (Engine.MYSQL, "sid:varchar(36) expires:datetime data:text createdAt:datetime updatedAt:datetime", "sequelize"),
    (Engine.SQLITE, "sid: expired: sess:", "connect-sqlite3"),
    (Engine.SQLITE, "sid:text sess:json expire:text", "better-sqlite3"),
    (Engine.SQLITE, "sid:varchar(255) sess:json expired:datetime", "knex"),
    (Engine.SQLITE, "sid:varchar(36) expires:datetime data:text createdAt:datetime updatedAt:datetime", "sequelize"),
    (Engine.SQLITE, "expiredAt:bigint id:varchar(255) json:text destroyedAt:datetime", "typeorm"),
]


def _columns(text: str) -> list[Column]:
    """Read "name:type name:type with blanks", the first of which is the key unless a known key stands there."""
    columns: list[Column] = []
    for piece in text.split(" "):
        name, colon, kind = piece.partition(":")
        if colon:
            columns.append(Column(name, kind, is_unique=True))
        else:
            last = columns.pop()
            columns.append(Column(last.name, f"{last.type} {piece}", is_unique=True))
    return columns


def _layout(engine: Engine, text: str, **options: str) -> TableLayout:
    return describe_table(engine, "", "sessions", _columns(text), options)


@pytest.mark.parametrize(("engine", "columns", "library"), _TABLES)
def test_library_is_recognised_by_its_columns(engine: Engine, columns: str, library: str) -> None:
    assert _layout(engine, columns).library.name == library


def test_types_come_from_the_catalogue_not_from_the_library() -> None:
    plain = _layout(Engine.POSTGRES, _TABLES[0][1]).expiry
    made_by_hand = _layout(Engine.POSTGRES, _TABLES[1][1], timezone="Asia/Tokyo").expiry
    assert plain == ExpiryColumn("expire", Unit.LOCAL, "UTC", step_ms=1000)
    assert made_by_hand is not None and made_by_hand.unit is Unit.ZONED


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (_TABLES[12][1], ExpiryColumn("expires", Unit.SECONDS, step_ms=1000)),
        (_TABLES[13][1], ExpiryColumn("expired", Unit.LOCAL, step_ms=1000)),
        (
            "id:varchar payload:text last_activity:int(11)",
            ExpiryColumn("last_activity", Unit.SECONDS, "UTC", 7200, 1000),
        ),
        ("id:varchar sid:varchar data:text expiresAt:datetime(3)", ExpiryColumn("expiresAt", Unit.LOCAL)),
    ],
)
def test_expiry_column_has_its_unit_and_its_step(columns: str, expected: ExpiryColumn) -> None:
    assert _layout(Engine.MYSQL, columns).expiry == expected


def test_any_table_is_read_once_its_columns_are_named() -> None:
    text = "token:varchar blob:text until:bigint who:text"
    with pytest.raises(StoreRefused, match="no session library"):
        _layout(Engine.POSTGRES, text)
    with pytest.raises(StoreRefused, match="seconds or milliseconds"):
        _layout(Engine.POSTGRES, text, sid="token", data="blob", expires="until")
    layout = _layout(Engine.POSTGRES, text, sid="token", data="blob", expires="until", unit="ms", user_column="who")
    assert (layout.key.name, layout.payload and layout.payload.name, layout.user and layout.user.name) == (
        "token",
        "blob",
        "who",
    )
    assert layout.expiry == ExpiryColumn("until", Unit.MS)
    assert layout.alive is Alive.BEFORE


def test_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(StoreRefused, match="no column token; it has sid, sess, expire"):
        _layout(Engine.POSTGRES, _TABLES[0][1], sid="token")


@pytest.mark.parametrize("name", ["knex", "connect-session-knex", "Connect-Session-Knex"])
def test_library_goes_by_its_package_name_as_well(name: str) -> None:
    layout = _layout(Engine.POSTGRES, "sid:varchar sess:json expired:timestamp with time zone", dialect=name)
    assert (layout.library.name, layout.library.package) == ("knex", "connect-session-knex")


@pytest.mark.parametrize("options", [{"dialect": "nonsense"}, {"unit": "days"}, {"lifetime": "two hours"}])
def test_option_with_a_wrong_value_says_what_is_right(options: dict[str, str]) -> None:
    with pytest.raises(BadStoreAddress):
        _layout(Engine.POSTGRES, _TABLES[8][1], **options)


def test_table_without_a_unique_key_is_not_written() -> None:
    columns = [Column("sid", "varchar"), Column("sess", "json"), Column("expire", "timestamp(6) without time zone")]
    assert "two rows" in describe_table(Engine.POSTGRES, "public", "session", columns, {}).refusal


@pytest.mark.parametrize(
    ("unit", "stored", "end_ms"),
    [
        (Unit.ISO_TEXT, b"2026-12-01T01:16:53.375Z", 1796087813375),
        (Unit.OFFSET_TEXT, b"2026-12-01 01:16:53.375 +00:00", 1796087813375),
        (Unit.OFFSET_TEXT, b"2026-12-01 10:16:53.375 +09:00", 1796087813375),
        (Unit.PLAIN_TEXT, b"2026-12-01 01:16:53.375000", 1796087813375),
        (Unit.MS, 1796087813375.0, 1796087813375),
        (Unit.SECONDS, 1796087813, 1796087813000),
        (Unit.ISO_TEXT, b"soon", None),
        (Unit.ISO_TEXT, 2461380.5, None),
        (Unit.MS, b"1796087813375", None),
        (Unit.MS, None, None),
    ],
)
def test_stored_expiry_is_read_in_its_unit(unit: Unit, stored: object, end_ms: int | None) -> None:
    assert ExpiryColumn("expires", unit).read(stored) == end_ms


@pytest.mark.parametrize("unit", [Unit.ISO_TEXT, Unit.OFFSET_TEXT, Unit.PLAIN_TEXT, Unit.MS])
def test_written_expiry_reads_as_the_same_moment(unit: Unit) -> None:
    column = ExpiryColumn("expires", unit)
    written = column.write(1796087813375)
    assert column.read(written.encode() if isinstance(written, str) else written) == 1796087813375


def test_coarse_column_never_ends_a_session_early() -> None:
    assert ExpiryColumn("last_activity", Unit.SECONDS, lifetime_s=7200, step_ms=1000).write(1796087813375) == 1796080614
