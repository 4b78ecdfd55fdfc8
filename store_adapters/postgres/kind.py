"""What a table of sessions in PostgreSQL is as a kind of store: a value."""

from __future__ import annotations

from store_adapters.kinds import FormField, Part, Scheme, StoreKind
from store_adapters.tables.layout import TABLE_OPTIONS

_LIBPQ_NAMES = """
    channel_binding gssencmode host hostaddr krbsrvname passfile port service sslcert sslcrl sslkey sslmode
    ssl_max_protocol_version ssl_min_protocol_version sslnegotiation sslrootcert target_session_attrs
"""
LIBPQ_OPTIONS = frozenset(_LIBPQ_NAMES.split())
"""What libpq is told as it stands in the address."""
_UNUSED_NAMES = """
    application_name connect_timeout connection_limit idleTimeoutMillis keepalives keepalives_count keepalives_idle
    keepalives_interval max pgbouncer pool_timeout poolSize socket_timeout statement_cache_size tcp_user_timeout uselibpqcompat
"""
_UNUSED = frozenset(_UNUSED_NAMES.split())
POSTGRES = StoreKind(
    name="postgres",
    label="PostgreSQL table",
    schemes=(
        Scheme(
            "postgresql",
            "postgresql://user@localhost:5432/app?table=session",
            "store_adapters.postgres.store:PostgresStore.open",
            options=TABLE_OPTIONS | LIBPQ_OPTIONS | _UNUSED | {"schema", "ssl"},
            option_aliases={"user": "username", "sslrootcertificate": "sslrootcert"},
            drivers=("psycopg",),
            application="store_adapters.application.connect_pg_simple:ConnectPgSimpleStore.open",
            default_host="",
        ),
    ),
    scheme_aliases={"postgres": "postgresql", "postgresql+psycopg": "postgresql", "postgresql+psycopg2": "postgresql"},
    fields=(
        FormField("host", "Host", Part.HOSTS, "localhost:5432", start="localhost:5432"),
        FormField("user", "User", Part.USER),
        FormField("database", "Database", Part.PATH, "app"),
        FormField("schema", "Schema", Part.OPTION, "public"),
        FormField("table", "Table", Part.OPTION, "session"),
    ),
    can_persist=False,
    unused_options=_UNUSED,
    password_variable="PGPASSWORD",
    identify="store_adapters.postgres.identity:identify",
    survey="store_adapters.postgres.survey:survey",
)
