"""The demo: a web server that makes sessions as a real Express application does. No Qt, no editing of sessions."""
