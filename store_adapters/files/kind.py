"""What a folder of session files is as a kind of store: a value."""

from __future__ import annotations

from store_adapters.kinds import Browse, FormField, Part, Place, Scheme, StoreKind
from store_adapters.record_form import ExpiryClock, PayloadForm

FILES = StoreKind(
    name="file",
    label="Folder (session-file-store)",
    schemes=(
        Scheme(
            "file",
            "file:///srv/app/sessions?extension=.json",
            "store_adapters.files.store:FileStore.open",
            Place.PATH,
            frozenset({"extension", "ttl"}),
            application="store_adapters.application.session_file_store:SessionFileApplicationStore.open",
        ),
    ),
    fields=(
        FormField(
            "folder",
            "Folder",
            Part.PATH,
            "/srv/app/sessions",
            browse=Browse.FOLDER,
            browse_title="Folder of session files",
        ),
        FormField("extension", "Extension", Part.OPTION, ".json"),
        FormField("ttl", "Lifetime without maxAge (s)", Part.OPTION, "3600"),
    ),
    form=PayloadForm.FILE,
    clock=ExpiryClock(
        name="__lastAccess + lifetime",
        ends="The last request's time plus {lifetime}; an expired file stays until it is reaped.",
        never="There is no __lastAccess: it never expires.",
        field="__lastAccess",
        unread="__lastAccess or the lifetime isn't a number: it never expires.",
    ),
    can_persist=False,
)
