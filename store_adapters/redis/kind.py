"""What Redis and Valkey are as a kind of store: a value."""

from __future__ import annotations

from store_adapters.kinds import FormField, Part, Place, Scheme, StoreKind
from store_adapters.record_form import ExpiryClock

_TLS_OPTION_NAMES = """
    ssl_ca_certs ssl_ca_path ssl_cert_reqs ssl_certfile ssl_check_hostname ssl_ciphers ssl_keyfile
"""
REDIS_TLS_OPTIONS = frozenset(_TLS_OPTION_NAMES.split())
_UNUSED_NAMES = """
    abortConnect allowAdmin allowUsernameInURI conn_max_idle_time dial_timeout libraryName max_retries min_idle_conns
    persistent read_write_timeout weight clientName client_name commandTimeout connectRetry connectTimeout connectionName
    connection_name decode_responses encoding enableOfflineQueue enableReadyCheck health_check_interval keepAlive
    lazyConnect maxRetriesPerRequest max_connections pool_size protocol read_timeout retry_on_error retry_on_timeout
    socket_connect_timeout socket_keepalive socket_read_size socket_timeout syncTimeout timeout write_timeout
"""
_UNUSED = frozenset(_UNUSED_NAMES.split())
_OPTIONS = frozenset({"prefix", "db"}) | _UNUSED
_OPTION_ALIASES = {"database": "db", "user": "username", "auth": "password", "tls": "ssl"}
_OPENER, _SENTINEL_OPENER = (
    "store_adapters.redis.store:RedisStore.open",
    "store_adapters.redis.sentinel:SentinelStore.open",
)
_APPLICATION = "store_adapters.application.connect_redis:ConnectRedisStore.open"


def _scheme(
    name: str, example: str, options: frozenset[str], opener: str = _OPENER, place: Place = Place.SERVER
) -> Scheme:
    application = _APPLICATION if opener == _OPENER else ""
    return Scheme(
        name,
        example,
        opener,
        place,
        options=options,
        option_aliases=_OPTION_ALIASES,
        drivers=("redis",),
        application=application,
    )


REDIS = StoreKind(
    name="redis",
    label="Redis or Valkey",
    schemes=(
        _scheme("redis", "redis://localhost:6379/0?prefix=sess:", _OPTIONS | {"family"}),
        _scheme("rediss", "rediss://host:6380/0?prefix=sess:", _OPTIONS | REDIS_TLS_OPTIONS | {"family"}),
        _scheme(
            "redis+sentinel",
            "redis+sentinel://host:26379,other:26379/mymaster/0?prefix=sess:",
            _OPTIONS,
            _SENTINEL_OPENER,
        ),
        _scheme("unix", "unix:///run/redis.sock?prefix=sess:", _OPTIONS, place=Place.SOCKET),
    ),
    scheme_aliases={
        "redis+unix": "unix",
        "redis+socket": "unix",
        "redis-socket": "unix",
        "tcp": "redis",  # as PHP's session.save_path has it
        "tls": "rediss",
        "redis+tls": "rediss",
        "redis+ssl": "rediss",
        "valkey": "redis",
        "valkeys": "rediss",
    },
    fields=(
        FormField("host", "Host", Part.HOSTS, "localhost:6379", start="localhost:6379"),
        FormField("user", "User", Part.USER),
        FormField("database", "Database", Part.PATH, "0", start="0"),
        FormField("prefix", "Key prefix", Part.OPTION, "sess:", start="sess:", keeps_empty=True),
    ),
    tls_scheme="rediss",
    clock=ExpiryClock(
        name="Redis TTL",
        ends="Redis removes the key then; every touch sets it again.",
        never="The key has no TTL: Redis keeps it until it is given one or deleted.",
        remedy="Set an expiry here.",
        moves_alone=True,
    ),
    unused_options=_UNUSED,
    password_variable="REDISCLI_AUTH",
    identify="store_adapters.redis.identity:identify",
)
