"""Session stores behind one contract: bytes in, bytes out, compare-and-set. Knows nothing of the inspector."""

from __future__ import annotations

from store_adapters.files.kind import FILES
from store_adapters.known_kinds import register
from store_adapters.memory_kind import MEMORY
from store_adapters.mongo.kind import MONGO
from store_adapters.mysql.kind import MYSQL
from store_adapters.postgres.kind import POSTGRES
from store_adapters.redis.kind import REDIS
from store_adapters.sqlite.kind import SQLITE

# Here, so that no adapter, which looks kinds up, knows the other adapters. In the order in which they are offered.
for _kind in (REDIS, MONGO, POSTGRES, MYSQL, FILES, SQLITE, MEMORY):
    register(_kind)
