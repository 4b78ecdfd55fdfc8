"""Item models: rows and trees for Qt's views, made from values; they read no store."""
