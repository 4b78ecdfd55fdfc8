"""Cookie schemes: parse, verify, decode and sign. No I/O, no store, no settings; nothing decoded is executed."""
