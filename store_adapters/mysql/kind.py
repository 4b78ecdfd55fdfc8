"""What a table of sessions in MySQL or MariaDB is as a kind of store: a value."""

from __future__ import annotations

from store_adapters.kinds import FormField, Part, Scheme, StoreKind
from store_adapters.tables.layout import TABLE_OPTIONS

DRIVER_OPTIONS = frozenset({"unix_socket", "ssl-mode", "ssl-ca", "ssl-cert", "ssl-key", "read_default_file"})
_UNUSED_NAMES = """
    acquireTimeout allowPublicKeyRetrieval charset clearExpired collation connectTimeout connect_timeout connection_limit
    connectionLimit dateStrings multipleStatements pool_timeout queueLimit serverTimezone socket_timeout supportBigNumbers
    useSSL useUnicode waitForConnections
"""
_UNUSED = frozenset(_UNUSED_NAMES.split())
_ALIASES = {
    "user": "username",
    "socket": "unix_socket",
    "socketpath": "unix_socket",
    "sslmode": "ssl-mode",
    "ssl_mode": "ssl-mode",
    "sslca": "ssl-ca",
    "ssl_ca": "ssl-ca",
    "sslcert": "ssl-cert",
    "ssl_cert": "ssl-cert",
    "sslkey": "ssl-key",
    "ssl_key": "ssl-key",
    "sslaccept": "ssl-mode",
}


def _scheme(name: str, example: str) -> Scheme:
    return Scheme(
        name,
        example,
        "store_adapters.mysql.store:MysqlStore.open",
        options=TABLE_OPTIONS | DRIVER_OPTIONS | _UNUSED,
        option_aliases=_ALIASES,
        drivers=("pymysql",),
        application="store_adapters.application.express_mysql_session:ExpressMysqlSessionStore.open",
    )


MYSQL = StoreKind(
    name="mysql",
    label="MySQL or MariaDB table",
    schemes=(
        _scheme("mysql", "mysql://user@localhost:3306/app?table=sessions"),
        _scheme("mariadb", "mariadb://user@localhost:3306/app?table=sessions"),
    ),
    scheme_aliases={"mysql2": "mysql", "mysql+pymysql": "mysql", "mariadb+pymysql": "mariadb"},
    fields=(
        FormField("host", "Host", Part.HOSTS, "localhost:3306", start="localhost:3306"),
        FormField("user", "User", Part.USER),
        FormField("database", "Database", Part.PATH, "app"),
        FormField("table", "Table", Part.OPTION, "sessions"),
    ),
    can_persist=False,
    unused_options=_UNUSED,
    password_variable="MYSQL_PWD",
    identify="store_adapters.mysql.identity:identify",
    survey="store_adapters.mysql.survey:survey",
)
