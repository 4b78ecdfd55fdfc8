"""The libraries whose tables of sessions are known, the most specific first. A further one is a value here.

Source: `formats/sql.md` sections 1 to 5, measured on the versions named there; Spring Session and ASP.NET from their sources.
"""

from __future__ import annotations

from store_adapters.record_form import ExpiryClock
from store_adapters.tables.expiry import Unit
from store_adapters.tables.library import Alive, Engine, Filled, Rounding, TableLibrary, prefixed, rails_private_id

_SERVERS = frozenset({Engine.POSTGRES, Engine.MYSQL})
_PG, _LITE = frozenset({Engine.POSTGRES}), frozenset({Engine.SQLITE})
_COLUMNS_ARE_THE_SESSION = "Its session is the row's own columns: it is shown, not edited."
_to_flask, _from_flask = prefixed("session:")


def _clock(column: str, library: str, *, ends: str = "", never: str = "", is_outlived: bool = False) -> ExpiryClock:
    return ExpiryClock(
        name=f"{column} (column)",
        ends=ends or f"From then on {library} doesn't find the row; it deletes it later.",
        never=never or f"{column} is empty: {library} doesn't find the row.",
        moves_alone=True,
        is_outlived=is_outlived,
    )


LIBRARIES: tuple[TableLibrary, ...] = (
    TableLibrary(
        "connect-pg-simple",
        needs=frozenset({"sid", "sess", "expire"}),
        key="sid",
        payload="sess",
        expires="expire",
        engines=_PG,
        writes_session_zone=True,
        alive=Alive.UNTIL,
        rounding=Rounding.UP,
        step_ms=1000,
        clock=_clock("expire", "connect-pg-simple"),
    ),
    TableLibrary(
        "better-sqlite3",
        needs=frozenset({"sid", "sess", "expire"}),
        also_known_as=("better-sqlite3-session-store",),
        key="sid",
        payload="sess",
        expires="expire",
        engines=_LITE,
        units={Engine.SQLITE: Unit.ISO_TEXT},
        clock=_clock("expire", "better-sqlite3-session-store"),
    ),
    TableLibrary(
        "connect-sqlite3",
        needs=frozenset({"sid", "sess", "expired"}),
        key="sid",
        payload="sess",
        expires="expired",
        engines=_LITE,
        is_typed=False,
        units={Engine.SQLITE: Unit.MS},
        clock=_clock("expired", "connect-sqlite3"),
    ),
    TableLibrary(
        "knex",
        needs=frozenset({"sid", "sess", "expired"}),
        also_known_as=("connect-session-knex",),
        key="sid",
        payload="sess",
        expires="expired",
        alive=Alive.UNTIL,
        units={Engine.SQLITE: Unit.ISO_TEXT},
        clock=_clock("expired", "connect-session-knex"),
    ),
    TableLibrary(
        "express-mysql-session",
        needs=frozenset({"session_id", "expires", "data"}),
        lacks=frozenset({"created_at"}),
        key="session_id",
        payload="data",
        expires="expires",
        engines=frozenset({Engine.MYSQL}),
        units={Engine.MYSQL: Unit.SECONDS},
        alive=Alive.UNTIL,
        rounding=Rounding.NEAREST,
        step_ms=1000,
        clock=_clock("expires", "express-mysql-session"),
    ),
    TableLibrary(
        "sequelize",
        needs=frozenset({"sid", "expires", "data"}),
        also_known_as=("connect-session-sequelize",),
        key="sid",
        payload="data",
        expires="expires",
        units={Engine.SQLITE: Unit.OFFSET_TEXT},
        writes_session_zone=True,
        alive=Alive.ROW,
        fills=dict.fromkeys(("createdAt", "updatedAt", "created_at", "updated_at"), Filled.NOW),
        changed="updatedAt",
        user="user_id",
        clock=_clock(
            "expires",
            "connect-session-sequelize",
            ends="connect-session-sequelize deletes the row at its next sweep; until then the session goes on working.",
            never="expires is empty: connect-session-sequelize never deletes the row, and the session goes on working.",
            is_outlived=True,
        ),
    ),
    TableLibrary(
        "prisma",
        needs=frozenset({"sid", "data", "expiresAt"}),
        also_known_as=("@quixo3/prisma-session-store", "prisma-session-store"),
        key="sid",
        payload="data",
        expires="expiresAt",
        engines=_SERVERS,
        fills={"id": Filled.SESSION_ID},
        clock=_clock(
            "expiresAt", "prisma-session-store", ends="prisma-session-store deletes it when it is next asked for."
        ),
    ),
    TableLibrary(
        "typeorm",
        needs=frozenset({"id", "json", "expiredAt"}),
        also_known_as=("connect-typeorm",),
        key="id",
        payload="json",
        expires="expiredAt",
        units=dict.fromkeys(Engine, Unit.MS),
        soft_delete="destroyedAt",
        clock=_clock(
            "expiredAt",
            "connect-typeorm",
            ends="From then on connect-typeorm doesn't find the row; it deletes it only where cleanupLimit is set.",
        ),
    ),
    TableLibrary(
        "django",
        needs=frozenset({"session_key", "session_data", "expire_date"}),
        also_known_as=("Django",),
        key="session_key",
        payload="session_data",
        expires="expire_date",
        units={Engine.SQLITE: Unit.PLAIN_TEXT},
        clock=_clock(
            "expire_date", "Django", ends="From then on Django doesn't find the row; clearsessions deletes it."
        ),
    ),
    TableLibrary(
        "flask-session",
        needs=frozenset({"session_id", "data", "expiry"}),
        also_known_as=("Flask-Session", "flask"),
        key="session_id",
        payload="data",
        expires="expiry",
        units={Engine.SQLITE: Unit.PLAIN_TEXT},
        key_of=_to_flask,
        id_of=_from_flask,
        clock=_clock("expiry", "Flask-Session", ends="Flask-Session deletes it when it is next asked for."),
    ),
    TableLibrary(
        "laravel",
        needs=frozenset({"id", "payload", "last_activity"}),
        also_known_as=("Laravel",),
        key="id",
        payload="payload",
        expires="last_activity",
        units=dict.fromkeys(Engine, Unit.SECONDS),
        alive=Alive.UNTIL,
        step_ms=1000,
        lifetime_s=120 * 60,
        user="user_id",
        clock=ExpiryClock(
            name="last_activity + lifetime",
            ends="From then on Laravel begins an empty session with the same ID.",
            never="last_activity is empty: Laravel begins an empty session.",
            moves_alone=True,
        ),
    ),
    TableLibrary(
        "rails",
        needs=frozenset({"session_id", "data", "updated_at"}),
        lacks=frozenset({"expires"}),
        also_known_as=("activerecord-session_store",),
        key="session_id",
        payload="data",
        expires="",
        alive=Alive.ROW,
        fills={"created_at": Filled.NOW, "updated_at": Filled.NOW},
        changed="updated_at",
        key_of=rails_private_id,
        clock=ExpiryClock(
            never="activerecord-session_store keeps a session as long as its row stands.",
            remedy="Run its trim task from a cron job.",
        ),
    ),
    TableLibrary(
        "authjs",
        needs=frozenset({"sessionToken", "userId", "expires"}),
        also_known_as=("Auth.js", "@auth/pg-adapter"),
        key="sessionToken",
        payload="",
        expires="expires",
        engines=_SERVERS,
        user="userId",
        read_only=_COLUMNS_ARE_THE_SESSION,
        clock=_clock("expires", "Auth.js", ends="Auth.js deletes it when it is next asked for."),
    ),
    TableLibrary(
        "better-auth",
        needs=frozenset({"token", "userId", "expiresAt", "ipAddress"}),
        key="token",
        payload="",
        expires="expiresAt",
        alive=Alive.UNTIL,
        user="userId",
        changed="updatedAt",
        read_only=_COLUMNS_ARE_THE_SESSION,
        clock=_clock("expiresAt", "better-auth", ends="better-auth deletes it when it is next asked for."),
    ),
    TableLibrary(
        "spring-session",
        needs=frozenset({"session_id", "last_access_time", "expiry_time"}),
        also_known_as=("Spring Session JDBC", "spring"),
        key="session_id",
        payload="",
        expires="expiry_time",
        engines=_SERVERS,
        units=dict.fromkeys(Engine, Unit.MS),
        user="principal_name",
        read_only="Spring Session keeps Java objects in a second table: the row is shown, not edited.",
        clock=_clock("expiry_time", "Spring Session"),
    ),
    TableLibrary(
        "aspnet",
        needs=frozenset({"Id", "Value", "ExpiresAtTime"}),
        also_known_as=("ASP.NET Core SQL cache", "asp.net"),
        key="Id",
        payload="Value",
        expires="ExpiresAtTime",
        engines=_SERVERS,
        read_only="ASP.NET's SQL cache frames its sessions in its own way: they are shown, not edited.",
        clock=_clock("ExpiresAtTime", "ASP.NET's SQL cache"),
    ),
)


def library_names(engine: Engine) -> tuple[str, ...]:
    """Return the names of the libraries that keep sessions on `engine`, as `?dialect=` takes them."""
    return tuple(library.name for library in LIBRARIES if engine in library.engines)
