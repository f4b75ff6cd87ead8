"""The kinds of files that can be read: their labels, the ends of their names, their readers. Pure.

The one list that uploads, pages, the API's description, docs/knowledge.md and the child process follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
EPUB = "application/epub+zip"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ODP = "application/vnd.oasis.opendocument.presentation"
XLSB = "application/vnd.ms-excel.sheet.binary.macroEnabled.12"
DOC = "application/msword"
XLS = "application/vnd.ms-excel"
PPT = "application/vnd.ms-powerpoint"
MSG = "application/vnd.ms-outlook"
RTF = "application/rtf"
EML = "message/rfc822"
NOTEBOOK = "application/x-ipynb+json"
CODE = "text/x-code"
PLAIN = "text/plain"
HTML = "text/html"


@dataclass(frozen=True)
class Kind:
    """``label`` is what people call it, ``reader`` a module of this package and its function.

    ``version`` is raised when the reader gives another text for the same file, or other places in it: pages
    then offer to have files read again that an older one read (Document.reader_version).
    """

    label: str
    media_type: str
    endings: tuple[str, ...]
    reader: tuple[str, str]
    version: int = 1


KINDS = (
    Kind("PDF", PDF, (".pdf",), ("pdf.reader", "read")),
    Kind("DOCX", DOCX, (".docx", ".dotx"), ("word.docx", "read"), 2),
    Kind("DOC", DOC, (".doc", ".dot"), ("word.doc", "read"), 2),
    Kind("ODT", ODT, (".odt", ".ott"), ("office.opendocument", "read_text"), 2),
    Kind("RTF", RTF, (".rtf",), ("office.rtf", "read"), 2),
    Kind("EPUB", EPUB, (".epub",), ("texts.epub", "read")),
    Kind("XLSX", XLSX, (".xlsx", ".xltx"), ("tables.xlsx", "read"), 2),
    Kind("XLS", XLS, (".xls", ".xlt"), ("tables.xls", "read"), 2),
    Kind("XLSB", XLSB, (".xlsb",), ("tables.xlsb", "read"), 2),
    Kind("ODS", ODS, (".ods", ".ots"), ("office.opendocument", "read_sheets"), 2),
    Kind("CSV", "text/csv", (".csv",), ("tables.delimited", "read"), 2),
    Kind("TSV", "text/tab-separated-values", (".tsv", ".tab"), ("tables.delimited", "read"), 2),
    Kind("PPTX", PPTX, (".pptx", ".potx", ".ppsx"), ("slides.pptx", "read")),
    Kind("PPT", PPT, (".ppt", ".pps", ".pot"), ("slides.ppt", "read")),
    Kind("ODP", ODP, (".odp", ".otp"), ("office.opendocument", "read_slides")),
    Kind("HTML", "text/html", (".html", ".htm", ".xhtml", ".shtml"), ("texts.html", "read")),
    Kind(
        "Markdown", "text/markdown", (".md", ".markdown", ".mdown", ".mkd", ".qmd", ".rmd"),
        ("texts.markdown", "read"),
    ),
    Kind("MDX", "text/mdx", (".mdx",), ("texts.markdown", "read")),
    Kind("reStructuredText", "text/x-rst", (".rst", ".rest"), ("texts.markup", "read_rst")),
    Kind("AsciiDoc", "text/x-asciidoc", (".adoc", ".asciidoc", ".asc"), ("texts.markup", "read_asciidoc")),
    Kind("Org", "text/x-org", (".org",), ("texts.markup", "read_org")),
    Kind("LaTeX", "text/x-tex", (".tex", ".latex", ".ltx"), ("texts.latex", "read")),
    Kind("EML", EML, (".eml",), ("texts.mail", "read")),
    Kind("MSG", MSG, (".msg",), ("office.msg", "read")),
    Kind("SRT", "application/x-subrip", (".srt",), ("texts.subtitles", "read")),
    Kind("VTT", "text/vtt", (".vtt",), ("texts.subtitles", "read")),
    Kind(
        "JSON", "application/json", (".json", ".json5", ".jsonc", ".geojson", ".webmanifest"),
        ("texts.json_text", "read"),
    ),
    Kind(
        "JSON lines", "application/jsonl", (".jsonl", ".ndjson", ".jsonlines"),
        ("texts.json_text", "read_lines"),
    ),
    Kind("Jupyter", NOTEBOOK, (".ipynb",), ("texts.notebook", "read")),
    Kind("TXT", PLAIN, (".txt", ".text", ".log", ".nfo"), ("texts.plain", "read")),
    Kind(
        "source code",
        CODE,
        (
            ".py", ".pyi", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx", ".java", ".kt",
            ".kts", ".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".cs", ".fs", ".vb", ".go", ".rs", ".rb",
            ".php", ".swift", ".scala", ".r", ".lua", ".pl", ".pm", ".sh", ".bash", ".zsh", ".fish",
            ".ps1", ".bat", ".cmd", ".sql", ".css", ".scss", ".sass", ".less", ".vue", ".svelte",
            ".astro", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".properties", ".env", ".xml",
            ".xsd", ".xsl", ".xslt", ".plist", ".proto", ".graphql", ".gql", ".tf", ".tfvars", ".hcl",
            ".dart", ".ex", ".exs", ".erl", ".hs", ".clj", ".elm", ".jl", ".m", ".mm", ".groovy",
            ".gradle", ".nix", ".zig", ".sol", ".asm", ".s", ".f90", ".pas", ".cob", ".lisp", ".el",
            ".vim", ".cmake", ".mk", ".dockerfile", ".diff", ".patch", ".po", ".bib", ".feature",
            ".http", ".rego", ".cue",
        ),
        ("texts.code", "read"),
    ),
)  # fmt: skip
# Names of files that have no ending, in lower case: of programs, and of texts beside programs.
CODE_NAMES = frozenset(
    {
        "dockerfile", "containerfile", "makefile", "gnumakefile", "jenkinsfile", "vagrantfile",
        "gemfile", "rakefile", "procfile", "brewfile", "podfile", "fastfile", "justfile", "caddyfile",
        "tiltfile", "pipfile", "guardfile", "berksfile", "earthfile", "snakefile", "sconstruct",
        "build", "workspace", "codeowners",
    }
)  # fmt: skip
TEXT_NAMES = frozenset(
    {
        "readme", "license", "licence", "copying", "copyright", "notice", "authors", "contributors",
        "maintainers", "contributing", "changelog", "changes", "history", "news", "release", "todo",
        "install", "upgrading", "version", "security", "thanks", "credits", "faq", "manifest",
        "roadmap", "governance", "unlicense",
    }
)  # fmt: skip
# What to save a file as whose format cannot be read, by the end of its name: the code of the refusal.
ADVICE = {
    **dict.fromkeys(
        (
            ".pages", ".wpd", ".wps", ".wri", ".hwp", ".hwpx", ".sxw", ".fodt", ".abw", ".lwp", ".odf",
        ),
        "save_as_docx",
    ),
    **dict.fromkeys(
        (
            ".numbers", ".et", ".sxc", ".fods", ".wk1", ".123", ".qpw", ".dbf", ".parquet", ".mdb",
            ".accdb",
        ),
        "save_as_xlsx",
    ),
    **dict.fromkeys(
        (
            ".key", ".dps", ".sxi", ".fodp",
        ),
        "save_as_pptx",
    ),
    **dict.fromkeys(
        (
            ".mobi", ".azw", ".azw3", ".fb2", ".djvu", ".xps", ".oxps", ".ps", ".chm", ".one", ".vsd",
            ".vsdx", ".pub", ".dwg", ".ai", ".indd",
        ),
        "save_as_pdf",
    ),
    **dict.fromkeys(
        (
            ".docm", ".dotm", ".xlsm", ".xltm", ".xlam", ".pptm", ".potm", ".ppsm",
        ),
        "macros",
    ),
    **dict.fromkeys(
        (
            ".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".pst", ".mbox",
        ),
        "unpack",
    ),
    **dict.fromkeys(
        (
            ".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".svg",
        ),
        "picture",
    ),
    **dict.fromkeys(
        (
            ".mp3", ".m4a", ".wav", ".ogg", ".flac", ".mp4", ".mov", ".avi", ".mkv", ".webm",
        ),
        "recording",
    ),
}  # fmt: skip

MEDIA_TYPES = {ending: kind.media_type for kind in KINDS for ending in kind.endings}
VERSIONS = {kind.media_type: kind.version for kind in KINDS}
READERS = {kind.media_type: kind.reader for kind in KINDS}
# Zip archives. A file in one of these types may be 200 times smaller than what it unpacks to.
ZIPPED = frozenset({DOCX, XLSX, PPTX, EPUB, ODT, ODS, ODP, XLSB})
# OLE compound files.
COMPOUND = frozenset({DOC, XLS, PPT, MSG})


def find_media_type(name: str) -> str:
    """Return the media type by a file's name; empty if it cannot be read."""
    path = PurePosixPath(name.lower().replace("\\", "/"))
    if path.suffix:
        known = MEDIA_TYPES.get(path.suffix, "")
        # "Dockerfile.dev", "README.zh"
        return known or (CODE if path.stem in CODE_NAMES else PLAIN if path.stem == "readme" else "")
    # ".gitignore", ".editorconfig"
    if path.name in CODE_NAMES or path.name.startswith("."):
        return CODE
    return PLAIN if path.name in TEXT_NAMES else ""


def list_labels() -> list[str]:
    """Return the kinds as people call them, such as "PDF"; source code is left out."""
    return [kind.label for kind in KINDS if kind.media_type != CODE]


def list_accepted() -> str:
    """Return the value of ``accept`` for inputs of files."""
    return ",".join(MEDIA_TYPES)
