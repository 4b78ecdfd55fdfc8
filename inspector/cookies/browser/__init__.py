"""What a browser does with cookies by RFC 6265bis: which it stores, and which it sends where."""
