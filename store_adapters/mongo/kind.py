"""What MongoDB is as a kind of store: a value."""

from __future__ import annotations

from store_adapters.kinds import FormField, Part, Scheme, StoreKind
from store_adapters.record_form import ExpiryClock, PayloadForm

MONGO_OWN_OPTIONS = frozenset(("collection", "prefix", "idField", "expiresKey"))
"""What is ours and not the driver's."""
_DRIVER_NAMES = """
    appName authMechanism authMechanismProperties authSource compressors connect directConnection driver
    enableOverloadRetargeting fsync heartbeatFrequencyMS journal loadBalanced localThresholdMS maxAdaptiveRetries
    maxConnecting maxIdleTimeMS maxStalenessSeconds readConcernLevel readPreference readPreferenceTags replicaSet
    retryWrites server_api srvAllowedHostsSuffix srvMaxHosts srvServiceName ssl tls tlsAllowInvalidCertificates
    tlsAllowInvalidHostnames tlsCAFile tlsCertificateKeyFile tlsCRLFile tlsDisableOCSPEndpointCheck tlsInsecure w
    waitQueueMultiple wTimeoutMS zlibCompressionLevel
"""
_UNUSED_NAMES = """
    connectTimeoutMS datetime_conversion maxPoolSize minPoolSize retryReads serverMonitoringMode
    serverSelectionTimeoutMS socketTimeoutMS timeoutMS tz_aware unicode_decode_error_handler uuidRepresentation
    waitQueueTimeoutMS
"""
_UNUSED = frozenset(_UNUSED_NAMES.split())
_OPTIONS = frozenset(_DRIVER_NAMES.split()) | _UNUSED | MONGO_OWN_OPTIONS
_OPTION_ALIASES = {"j": "journal", "wtimeout": "wtimeoutms", "user": "username"}


def _scheme(name: str, example: str) -> Scheme:
    return Scheme(
        name,
        example,
        "store_adapters.mongo.store:MongoStore.open",
        options=_OPTIONS,
        option_aliases=_OPTION_ALIASES,
        drivers=("pymongo",),
        application="store_adapters.application.connect_mongo:ConnectMongoStore.open",
    )


MONGO = StoreKind(
    name="mongo",
    label="MongoDB",
    schemes=(
        _scheme("mongodb", "mongodb://localhost:27017/app?collection=sessions"),
        _scheme("mongodb+srv", "mongodb+srv://cluster.example/app?collection=sessions"),
    ),
    scheme_aliases={"mongo": "mongodb"},
    fields=(
        FormField("host", "Host", Part.HOSTS, "localhost:27017", start="localhost:27017"),
        FormField("user", "User", Part.USER),
        FormField("database", "Database", Part.PATH, "test", start="test"),
        FormField("collection", "Collection", Part.OPTION, "sessions", start="sessions"),
    ),
    form=PayloadForm.DOCUMENT,
    clock=ExpiryClock(
        name="expires (document)",
        ends="The TTL index removes it after that; every touch sets it again.",
        never="There is no expires field: MongoDB never removes it.",
        remedy="Set an expiry here.",
        field="expires",
        unread="expires isn't a Date: MongoDB never removes it. Set the expiry to repair it.",
        moves_alone=True,
    ),
    unused_options=_UNUSED,
    identify="store_adapters.mongo.identity:identify",
)
