"""The demo's HTML: a frame and a few fragments, with all data escaped."""

from __future__ import annotations

import base64
import hashlib
from html import escape

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}"
    "body{color:#1d2330;background:#fafbfc}"
    "h1{font-size:1.5rem}a{color:#3f51c5}label{display:block;margin:.75rem 0 .25rem}"
    "input,button{font:inherit;padding:.35rem .6rem;border:1px solid #b9c0cc;border-radius:6px;background:#fff}"
    "button{margin-top:1rem;background:#3f51c5;border-color:#3f51c5;color:#fff}"
    "nav{margin-top:2rem;padding-top:1rem;border-top:1px solid #dfe3ea}nav a{margin-right:1rem}"
    "code{background:#eef0f4;padding:.1rem .3rem;border-radius:4px}li{margin:.35rem 0}"
    "@media(prefers-color-scheme:dark){body{color:#dfe3ea;background:#1d2026}a{color:#9aa8ff}"
    "input{background:#14161a;color:inherit;border-color:#4a5160}nav{border-color:#3a3f4a}code{background:#2a2e37}}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

# no-referrer would make browsers send `Origin: null` with the page's own forms.
SECURITY_HEADERS = (
    (
        "Content-Security-Policy",
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)

_LINKS = (
    ("/set", "Store a user name and the time in the session"),
    ("/get", "Show the session as JSON"),
    ("/login", "Sign in; this gives the session a new ID"),
    ("/dashboard", "A page for signed-in users"),
    ("/add-to-cart", "Add something to the cart"),
    ("/cart", "Show the cart"),
    ("/logout", "Sign out"),
    ("/delete", "Destroy the session"),
)


def render_page(title: str, body: str) -> str:
    """Return a whole page; `title` is escaped here, `body` is HTML."""
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{body}"
        '<nav><a href="/">All pages</a><a href="/get">This session</a><a href="/cart">Cart</a></nav></body></html>\n'
    )


def render_index() -> str:
    items = "".join(f'<li><a href="{path}"><code>{path}</code></a> {escape(text)}</li>' for path, text in _LINKS)
    return render_page(
        "Demo application",
        f"<p>A small shop whose sessions you can watch and edit in Session Inspector.</p><ul>{items}</ul>",
    )


def render_login() -> str:
    return render_form(
        "Sign in", "/login", (("userId", "User ID", "1"), ("username", "User name", "ada"), ("role", "Role", "user"))
    )


def render_add_to_cart() -> str:
    return render_form("Add to cart", "/add-to-cart", (("item", "Item", "mouse"),))


def render_form(title: str, action: str, fields: tuple[tuple[str, str, str], ...]) -> str:
    """Return a page with a form; a field is name, label and preset value."""
    inputs = "".join(
        f'<label for="{name}">{escape(label)}</label><input id="{name}" name="{name}" value="{escape(value)}" required>'
        for name, label, value in fields
    )
    return render_page(
        title, f'<form method="post" action="{action}">{inputs}<br><button>{escape(title)}</button></form>'
    )


def render_message(title: str, *paragraphs: str) -> str:
    """Return a page of plain paragraphs, escaped."""
    return render_page(title, "".join(f"<p>{escape(text)}</p>" for text in paragraphs))


def render_cart(items: list[str]) -> str:
    if not items:
        return render_message("Your cart", "The cart is empty.")
    return render_page("Your cart", "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>")
