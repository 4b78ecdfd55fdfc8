"""The commands and their options; runs nothing."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from inspector import __version__
from store_adapters.kinds import Place
from store_adapters.known_kinds import known_kinds

_EXIT_CODES = (
    "Exit codes: 0 done, 1 a negative answer, 2 bad usage, 3 trouble with the store or a file, 4 changed meanwhile, "
    "5 a fault of the program, 128 and the signal's number when interrupted (130 for Ctrl-C)."
)
# As in inspector.demo.faults, which is not imported to print a help text.
FAULTS = (
    "none", "lost-update", "missing-trust-proxy", "no-expiry", "wrong-secret", "save-uninitialized-flood", "resave-overwrites-edit",
)  # fmt: skip
_SCHEMES = ", ".join(
    f"{kind.schemes[0].name}:{'' if kind.schemes[0].place is Place.NAME else '//'}" for kind in known_kinds()
)
_STORE_HELP = f"store URL ({_SCHEMES}) or the name of a store saved in the window"


_PLAIN = "\0"
"""Set before an argument that begins with - and isn't an option: argparse then takes it as a value. No argument has it."""
_OPTION_LIKE = re.compile(r"-[A-Za-z]|--[a-z]+(-[a-z]+)*(=.*)?", re.S)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with an argument without sending it to the terminal raw."""

    def error(self, message: str) -> NoReturn:
        from inspector.core.display import escape_display

        super().error(escape_display(message.replace(_PLAIN, "").replace("\\x00", ""), 1000))


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the arguments, None for the process's. A session ID may begin with - (one of 64 does), as may an option's value."""
    parser = make_parser()
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(_mark_plain(parser, given))
    for name, value in vars(options).items():
        if isinstance(value, str):
            setattr(options, name, value.removeprefix(_PLAIN))
    options.log_commands = getattr(options, "log_commands", False)
    return options


def _mark_plain(parser: argparse.ArgumentParser, given: list[str]) -> list[str]:
    """Return the arguments with those marked that aren't options, and each option that takes a value joined to it."""
    marked: list[str] = []
    waiting = iter(given)
    for argument in waiting:
        option = parser._option_string_actions.get(argument)
        if option is not None and option.nargs != 0:
            value = next(waiting, None)
            marked.append(
                argument if value is None else f"{argument}={value}" if argument[:2] == "--" else argument + value
            )
        elif argument == "--":
            marked += [_PLAIN + rest if rest.startswith("-") else rest for rest in waiting]
        elif argument in ("", "-") or not argument.startswith("-"):
            marked.append(argument)
            parts = _commands_of(parser)
            if argument in parts:
                return marked + _mark_plain(parts[argument], list(waiting))
        else:
            marked.append(argument if _is_option(parser, argument) else _PLAIN + argument)
    return marked


def _commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    parts = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    return dict(parts[0].choices) if parts else {}


def _is_option(parser: argparse.ArgumentParser, argument: str) -> bool:
    """True for an option of the parser, and for what can only be a mistyped one: no session ID looks like it."""
    known = parser._option_string_actions
    short = known.get(argument[:2])
    if argument.partition("=")[0] in known or (short is not None and short.nargs != 0 and argument[1] != "-"):
        return True
    return _OPTION_LIKE.fullmatch(argument) is not None


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole program; `command` is None for the window."""
    parser = _Parser(
        prog="session-inspector",
        description="View, edit and verify web application sessions. Without a command, opens the window.",
        epilog=_EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("--demo", action="store_true", help="open the window on the demo, with the demo server running")
    parser.add_argument("--store", metavar="STORE", help=f"open the window on this store: {_STORE_HELP}")
    _add_password(parser)
    _add_plugins(parser, default=False)
    parser.add_argument("--tour", metavar="FOLDER", help="walk through the window once and save screenshots there")
    parts = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")
    _add_reading(parts)
    _add_insight(parts)
    _add_users(parts)
    _add_writing(parts)
    _add_transfer(parts)
    _add_cookies(parts)
    _add_serving(parts)
    return parser


def _add(parts: argparse._SubParsersAction[_Parser], name: str, words: str, act: str) -> argparse.ArgumentParser:
    part = parts.add_parser(name, help=words, description=words, epilog=_EXIT_CODES)
    part.set_defaults(act=act)
    part.add_argument("--log-commands", action="store_true", help="log to standard error what is sent, without values")
    part.add_argument("--json", action="store_true", help="print one JSON object, or one per line")
    _add_plugins(part, default=argparse.SUPPRESS)  # else it would take back what stands before the command
    if name not in ("har", "sign"):
        _add_password(part)
    return part


def _add_plugins(part: argparse.ArgumentParser, default: object) -> None:
    words = "load installed third-party packages that add kinds of store and frameworks (runs their code)"
    part.add_argument("--plugins", action="store_true", default=default, help=words)


def _add_password(part: argparse.ArgumentParser) -> None:
    part.add_argument(
        "--password-env", metavar="NAME", action="append", default=[], dest="secret_sources",
        type=lambda text: ("password-env", text), help="read the store's password from an environment variable",
    )  # fmt: skip
    part.add_argument(
        "--password-file", metavar="PATH", action="append", default=[], dest="secret_sources",
        type=lambda text: ("password-file", text), help="read the store's password from a file",
    )  # fmt: skip


def _add_reading(parts: argparse._SubParsersAction[_Parser]) -> None:
    part = _add(parts, "list", "list the sessions of a store", "_commands.list_sessions")
    part.add_argument("store_name", metavar="STORE", help=_STORE_HELP)
    _add_secrets(part)
    _add_filter(part)
    part.add_argument("--limit", metavar="N", type=_count, default=0, help="at most N sessions")
    part = _add(parts, "show", "show one session", "_commands.show_session")
    _add_session(part)
    part.add_argument("--raw", action="store_true", help="print the stored bytes unchanged")
    part = _add(parts, "tables", "list the tables of a database, to find the one of sessions", "_tables.list_tables")
    part.add_argument("store_name", metavar="STORE", help=_STORE_HELP)
    part = _add(parts, "watch", "print changes until interrupted", "_serving.watch_store")
    part.add_argument("store_name", metavar="STORE", help=_STORE_HELP)


def _add_insight(parts: argparse._SubParsersAction[_Parser]) -> None:
    part = _add(parts, "doctor", "say what is wrong with a store, with evidence and the fix", "_doctor.diagnose")
    part.add_argument("store_name", metavar="STORE", help=_STORE_HELP)
    _add_secrets(part)
    _add_filter(part)
    part.add_argument(
        "--production", action="store_true", help="check what matters in production only, such as Secure cookies"
    )
    part.add_argument("--only", metavar="ID,…", default="", help="run these checks only")
    part.add_argument("--skip", metavar="ID,…", default="", help="leave these checks out")
    part.add_argument(
        "--fail-on", choices=("high", "medium", "low"), default="medium", help="exit with 1 from this severity on"
    )
    part.add_argument("--markdown", action="store_true", help="print a report for a ticket, with session IDs cut short")


def _add_users(parts: argparse._SubParsersAction[_Parser]) -> None:
    part = _add(parts, "users", "list who is signed in, with how many sessions", "_users.show_users")
    part.add_argument("store_name", metavar="STORE", help=_STORE_HELP)
    _add_secrets(part)
    _add_filter(part)
    part.add_argument(
        "--sort", choices=("sessions", "seen"), default="sessions", help="the most sessions first, or the last seen"
    )
    part.add_argument("--limit", metavar="N", type=_count, default=0, help="at most N users")
    part = _add(parts, "logout", "end all sessions of one user, and watch for those that come back", "_users.log_out")
    part.add_argument("store_name", metavar="STORE", help=_STORE_HELP)
    _add_secrets(part)
    part.add_argument("--user", metavar="USER", required=True, help="an ID, e-mail or name, as users prints it")
    part.add_argument("--by", metavar="PATH", default="", help="where it stands, such as user.id")
    part.add_argument(
        "--except",
        metavar="SESSION_ID",
        action="append",
        default=[],
        dest="except_ids",
        help="leave this session (repeatable)",
    )
    part.add_argument("--watch", metavar="SECONDS", type=_count, default=60, help="watch for so long; 0 for not at all")
    part.add_argument("--again", action="store_true", help="delete again what a running request writes back")
    part.add_argument("--dry-run", action="store_true", help="show which sessions, but end none")
    part.add_argument("--yes", action="store_true", help="do it, without asking")
    part.add_argument("--undo", metavar="FILE", default="", help="keep the sessions in a file that import takes")


def _add_filter(part: argparse.ArgumentParser) -> None:
    part.add_argument(
        "--filter", metavar="TERMS", default="", help="as in the window, for example user.role:admin cart.length>2"
    )


def _add_session(part: argparse.ArgumentParser) -> None:
    part.add_argument("store_name", metavar="STORE", help=_STORE_HELP)
    part.add_argument("session_id", metavar="SESSION_ID")
    _add_secrets(part)


def _add_one_or_many(part: argparse.ArgumentParser) -> None:
    part.add_argument("store_name", metavar="STORE", help=_STORE_HELP)
    part.add_argument("session_id", metavar="SESSION_ID", nargs="?", default="")
    _add_secrets(part)
    _add_filter(part)
    part.add_argument("--dry-run", action="store_true", help="with --filter: show which match, but write nothing")
    part.add_argument("--yes", action="store_true", help="with --filter: do it, without asking")


def _add_writing(parts: argparse._SubParsersAction[_Parser]) -> None:
    part = _add(parts, "edit", "change fields of one session", "_commands.edit_session")
    _add_session(part)
    part.add_argument(
        "--set", metavar="PATH=JSON", action="append", default=[], dest="edits", type=lambda text: ("set", text)
    )
    part.add_argument(
        "--remove", metavar="PATH", action="append", default=[], dest="edits", type=lambda text: ("remove", text)
    )
    part.add_argument("--dry-run", action="store_true", help="show what would be written, but write nothing")
    part.add_argument(
        "--no-check", action="store_false", dest="check",
        help="exit at once: skip the check 0.7 s later that the application didn't overwrite it (exit code 4 if it did)",
    )  # fmt: skip
    part = _add(parts, "create", "create a new session", "_commands.create_new_session")
    part.add_argument("store_name", metavar="STORE", help=_STORE_HELP)
    part.add_argument("session_id", metavar="SESSION_ID", nargs="?", default="")
    _add_secrets(part)
    part.add_argument("--data", metavar="JSON", default="{}", help="the session's fields besides the cookie")
    part.add_argument("--max-age", metavar="MS", type=_lifetime, default=86_400_000, help="lifetime in milliseconds")
    part = _add(parts, "delete", "delete one session, or all that match a filter", "_ending.delete")
    _add_one_or_many(part)
    part = _add(parts, "expire", "change when a session expires, or all that match a filter", "_ending.expire")
    _add_one_or_many(part)
    when = part.add_mutually_exclusive_group(required=True)
    when.add_argument("--in", metavar="DURATION", dest="duration", help="for example 90s, 15m, 2h, 7d")
    when.add_argument("--at", metavar="TIME", help="for example 2026-11-24T22:29:03Z")
    when.add_argument("--never", action="store_true")
    part.add_argument(
        "--once", action="store_true", help="change the store's expiry only: the next request recalculates it"
    )


def _add_transfer(parts: argparse._SubParsersAction[_Parser]) -> None:
    part = _add(parts, "export", "write sessions as JSON, one per line, with their expiry", "_transfer.export_sessions")
    part.add_argument("store_name", metavar="STORE", help=_STORE_HELP)
    _add_secrets(part)
    _add_filter(part)
    part.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default="",
        help="a file only you can read, written whole or not at all; without it, or with -, printed",
    )
    part = _add(parts, "import", "create the sessions of an export that don't exist yet", "_transfer.import_from_file")
    part.add_argument("store_name", metavar="STORE", help=_STORE_HELP)
    part.add_argument("file", metavar="FILE", help="an export; - reads standard input")
    part.add_argument("--replace", action="store_true", help="also replace existing sessions")
    part.add_argument("--dry-run", action="store_true", help="show what would be written, but write nothing")


def _add_secrets(part: argparse.ArgumentParser) -> None:
    part.add_argument(
        "--secret-env", metavar="NAME", action="append", default=[], dest="secret_sources",
        type=lambda text: ("env", text), help="read a secret from an environment variable (repeatable, in order)",
    )  # fmt: skip
    part.add_argument(
        "--secret-file", metavar="PATH", action="append", default=[], dest="secret_sources",
        type=lambda text: ("file", text), help="read a secret from a file, every byte of it (repeatable, in order)",
    )  # fmt: skip


def _add_cookies(parts: argparse._SubParsersAction[_Parser]) -> None:
    part = _add(
        parts, "verify", "verify the cookies in a text and trace them to their sessions", "_commands.verify_cookies"
    )
    _add_secrets(part)
    part.add_argument("--store", metavar="STORE", dest="store_name", default="", help=_STORE_HELP)
    part.add_argument(
        "text",
        metavar="COOKIE",
        help="a value, a header, or a request as copied (curl, fetch …); - reads standard input",
    )
    part = _add(parts, "har", "follow the sessions in a browser's HAR file", "_har.follow_har")
    _add_secrets(part)
    part.add_argument("--store", metavar="STORE", dest="store_name", default="", help="use a profile's secrets")
    part.add_argument("file", metavar="FILE", help="a HAR file; - reads standard input")
    part = _add(parts, "sign", "sign a session ID", "_commands.sign_session")
    _add_secrets(part)
    words = "the cookie's scheme: express-session (unless given), fastify-session, koa-session …"
    part.add_argument("--scheme", metavar="NAME", default="express-session", help=words)
    part.add_argument("--name", default="koa.sess", help="the cookie's name, which koa-session signs too")
    part.add_argument("--store", metavar="STORE", dest="store_name", default="", help="use a profile's secrets")
    part.add_argument("session_id", metavar="SESSION_ID")


def _add_serving(parts: argparse._SubParsersAction[_Parser]) -> None:
    part = _add(parts, "demo", "run the demo server until interrupted", "_serving.serve_demo")
    _add_secrets(part)
    part.add_argument("--port", metavar="N", type=_port, help="3000 or the next free one unless given; 0 for any")
    part.add_argument(
        "--store", metavar="STORE", dest="store_name", default="", help=f"{_STORE_HELP}; valkey: for an embedded server"
    )
    part.add_argument("--name", default="connect.sid", help="cookie name")
    part.add_argument("--resave", action="store_true")
    part.add_argument("--save-uninitialized", action="store_true")
    part.add_argument("--rolling", action="store_true")
    part.add_argument("--unset", choices=("keep", "destroy"), default="keep")
    part.add_argument("--proxy", action="store_true", help="trust X-Forwarded-Proto")
    part.add_argument("--max-age", metavar="MS", type=_count, default=86_400_000, help="0 and above, in milliseconds")
    part.add_argument("--no-max-age", action="store_true", help="session cookies, which end with the browser")
    part.add_argument("--secure", choices=("true", "false", "auto"), default="false")
    part.add_argument("--same-site", choices=("strict", "lax", "none", "unset"), default="lax")
    part.add_argument("--no-http-only", action="store_true")
    part.add_argument("--path", default="/")
    part.add_argument("--domain", default="")
    part.add_argument("--fault", choices=FAULTS, default="none", help="demonstrate a failure")
    part.add_argument("--visitors", metavar="N", type=_count, default=0, help="send N visitors first")


def _port(text: str) -> int:
    if _count(text) > 65_535:
        raise argparse.ArgumentTypeError("must be 0 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise argparse.ArgumentTypeError("must be a whole number, 0 or more")
    return int(text)


def _lifetime(text: str) -> int:
    from inspector.core.expiry import parse_count

    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError("must be a whole number, 0 or more")
    return parse_count(text)
