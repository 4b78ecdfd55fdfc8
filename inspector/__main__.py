"""`python -m inspector`: the same as the `session-inspector` command, and the decoder's process."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    if sys.argv[1:2] == ["--decode-records"]:  # the program's own child (services/sessions/decoder.py)
        from inspector.services.sessions.decoder import serve

        if sys.argv[2:] == ["--plugins"]:
            from inspector.services.settings.plugins import load_plugins

            serve(prepare=load_plugins)
        else:
            serve()
        sys.exit()
    from inspector.cli import main

    sys.exit(main())
