"""Finds code that can open a connection to another host, other than by core.outbound and the model clients.

Reads the syntax tree: ``script/connection_lint.py`` prints what it finds and fails, and so does
``tests/config/test_connection_lint.py``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("config", "core", "workspaces", "gpts", "marketplace", "reviews", "payouts", "demo", "embedded")

# Modules that open connections; a name stands for everything below it too.
MODULES = frozenset(
    {
        "aiohttp", "aiosmtplib", "anyio", "boto3", "botocore", "ftplib", "grpc", "h11", "h2", "http.client",
        "httpcore", "httpcore2", "httplib2", "httptools", "httpx", "httpx2", "imaplib", "mcp",
        "multiprocessing.connection", "nntplib", "openai", "paramiko", "poplib", "psycopg", "pycurl", "redis",
        "requests", "smtplib", "socket", "socketserver", "ssl", "telnetlib", "tornado", "trio",
        "urllib.request", "urllib3", "websocket", "websockets", "xmlrpc",
    }
)  # fmt: skip
# Functions and methods that open connections, whatever they are called on.
CALLS = frozenset(
    {
        "create_connection", "create_datagram_endpoint", "create_unix_connection", "open_connection",
        "open_unix_connection", "sock_connect", "urlopen", "urlretrieve",
    }
)  # fmt: skip

# Who may use what, and why.
ALLOWED: dict[str, tuple[frozenset[str], str]] = {
    "core/outbound.py": (frozenset({"httpcore2", "httpx2"}), "the guarded client itself"),
    "core/outbound_guard.py": (frozenset({"httpcore2", "socket"}), "resolves names and pins connections"),
    "gpts/llm/runtime/openai_clients.py": (
        frozenset({"httpx2", "openai", "ssl"}),
        "the client of model providers, over guarded transports; names the errors of TLS",
    ),
    "gpts/llm/runtime/transport.py": (
        frozenset({"httpcore2", "httptools", "httpx2", "ssl", "create_connection"}),
        "the fast transport to model providers; connects to addresses that the guard has checked",
    ),
    "gpts/llm/runtime/embeddings.py": (frozenset({"httpx2"}), "names the errors of the client"),
    "gpts/knowledge/retrieval/vector_blocks.py": (
        frozenset({"psycopg"}),
        "names a format",
    ),
    "config/health.py": (frozenset({"redis"}), "our own Redis"),
    "config/job_signals.py": (frozenset({"redis"}), "names the errors of our own Redis"),
    "config/operator_health.py": (frozenset({"redis"}), "names the errors of our own Redis"),
    "config/operator_overview.py": (frozenset({"redis"}), "names the errors of our own Redis"),
    "config/metrics.py": (frozenset({"redis"}), "our own Redis"),
    "config/postgres/base.py": (frozenset({"psycopg"}), "our own database"),
    "config/server_checks.py": (frozenset({"redis"}), "our own Redis"),
    "config/postgres/refusals.py": (frozenset({"psycopg"}), "our own database"),
    "config/roles.py": (frozenset({"psycopg"}), "our own database"),
    "config/management/commands/setup_database.py": (frozenset({"psycopg"}), "our own database"),
    "core/stored_files.py": (frozenset({"botocore"}), "names the errors of the object store"),
    "core/job_log.py": (frozenset({"redis"}), "our own Redis"),
    "workspaces/api/jobs.py": (frozenset({"redis"}), "names the errors of our own Redis"),
    "workspaces/services/mail_test.py": (frozenset({"smtplib", "ssl"}), "names errors of the mail server"),
    "workspaces/web/operator/jobs.py": (frozenset({"redis"}), "names the errors of our own Redis"),
    "gpts/chat/streaming/connection.py": (frozenset({"redis"}), "our own Redis"),
    "gpts/chat/streaming/hub.py": (frozenset({"redis"}), "names the errors of our own Redis"),
    "gpts/studio/presence.py": (frozenset({"redis"}), "our own Redis"),
    "marketplace/search/meaning.py": (frozenset({"psycopg"}), "the binary format of our own database"),
    "marketplace/management/commands/seed_catalogue.py": (frozenset({"psycopg"}), "our own database"),
    "embedded/postgres.py": (frozenset({"psycopg"}), "the embedded database"),
    "embedded/redis.py": (frozenset({"redis"}), "the embedded Redis"),
    "embedded/start.py": (
        frozenset({"socket", "urllib.request", "urlopen"}),
        "looks for a free port and waits for the web service of this machine",
    ),
}


def find_connections(source: str) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of each import or use of something that opens connections."""
    for node in ast.walk(ast.parse(source)):
        for name in _list_names(node):
            yield getattr(node, "lineno", 0), name


def _list_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return _match(*(alias.name for alias in node.names))
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        return _match(*names) + [alias.name for alias in node.names if alias.name in CALLS]
    if isinstance(node, ast.Attribute):
        return [node.attr] if node.attr in CALLS else _match(ast.unparse(node), is_import=False)
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = ast.unparse(node.func).rpartition(".")[2]
        if called in ("__import__", "import_module", "import_string"):
            return _match(str(node.args[0].value))
    return []


def _match(*names: str, is_import: bool = True) -> list[str]:
    """Return the modules of MODULES that the dotted names are in; of uses only those with a dot in them."""
    found = {
        module
        for name in names
        for module in MODULES
        if (name == module or name.startswith(f"{module}.")) and (is_import or "." in module)
    }
    return sorted(found)


def list_violations() -> list[str]:
    """Return "file:line name" of each use that ALLOWED does not name, and each entry that allows too much."""
    problems = []
    unused = {file: set(names) for file, (names, _reason) in ALLOWED.items()}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            file = path.relative_to(ROOT).as_posix()
            allowed = ALLOWED.get(file, (frozenset[str](), ""))[0]
            for line, name in find_connections(path.read_text(encoding="utf-8")):
                unused.get(file, set()).discard(name)
                if name not in allowed:
                    problems.append(f"{file}:{line} {name}")
    for file, names in unused.items():
        problems += [f"{file} is allowed {name} but does not use it" for name in sorted(names)]
    return problems


if __name__ == "__main__":
    found = list_violations()
    print("\n".join(found) or "No connection but by core.outbound and what is allowed.")
    sys.exit(bool(found))
