"""What the store in this process's memory is, as a value."""

from __future__ import annotations

from store_adapters.kinds import Place, Scheme, StoreKind

MEMORY = StoreKind(
    name="memory",
    label="Memory of this process",
    schemes=(
        Scheme(
            "memory",
            "memory:",
            "store_adapters.memory_store:MemoryStore.open",
            Place.NAME,
            application="store_adapters.application.memory:MemoryApplicationStore.open",
        ),
    ),
)
