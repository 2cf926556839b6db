"""The pages agree with the repository: every relative link leads somewhere, the two READMEs give the same commands, each
page exists in Chinese but for those named here, and nothing tells of a machine, a package host or a secret."""

import re
from pathlib import Path

from repository import ROOT, finish, read, tracked_files

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
CODE_BLOCK = re.compile(r"^```(\S*)([^\n]*)\n(.*?)^```", re.M | re.S)

# The pages that exist in English alone, and why; a name that ends in "/" is a folder. Every other page stands for users and
# has NAME.zh-CN.md beside it.
ENGLISH_ONLY = {
    "CHANGELOG.md": "what came, release by release",
    "docs/decisions/": "why it is built this way, for those who change it",
    "docs/formats/block.md": "a stored format, for those who change the store",
    "docs/formats/catalog.md": "the same",
    "docs/formats/journal.md": "the same",
    "docs/formats/manifest.md": "the same",
    "docs/formats/segment.md": "the same",
    "docs/formats/shipped-journal.md": "the same",
    "src/": "what a folder of the source is for, for those who change it",
    "tests/": "where samples come from",
    "web/": "what the folder of the pages is for",
}

# A text may name these hosts: our own address, examples, and the homes of specifications.
HOSTS_ALLOWED = re.compile(
    r"^(127\.0\.0\.\d+|localhost|\[::1\]|0\.0\.0\.0|([\w-]+\.)*(example|test|invalid)|([\w-]+\.)*example\.(com|org|net)"
    r"|www\.w3\.org|naesb\.org|spec\.openapis\.org|json-schema\.org|www\.rfc-editor\.org|datatracker\.ietf\.org|www\.iana\.org"
    r"|semver\.org|keepachangelog\.com|creativecommons\.org|data\.london\.gov\.uk|github\.com|svelte\.dev|evil|attacker|host|a|b|x)$",
    re.I,
)
URL = re.compile(r"\b(?:https?|wss?|ftp)://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)")
MACHINE_PATH = re.compile(r"(?<![\w./-])/(work|root|home|Users)/[\w.-]+")
SECRETS = [
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(r"\b(AKIA[0-9A-Z]{16}|ghp_[A-Za-z0-9]{36}|npm_[A-Za-z0-9]{36}|xox[abp]-[A-Za-z0-9-]{10,})\b"),
    re.compile(r"_authToken\s*="),
]
SKIPPED_BELOW = ("fuzz/", "tests/golden/", "tests/data/")  # samples of outside bytes


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", CODE_BLOCK.sub("", text))


def anchors(text):
    """The anchors that headings make, in the common rendering."""
    for heading in re.findall(r"^#+\s+(.*)$", CODE_BLOCK.sub("", text), re.M):
        plain = re.sub(r"[`*]", "", heading).strip().lower()
        yield re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def check_links(path, text):
    for target in LINK.findall(without_code(text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        page = (ROOT / path).parent / name if name else ROOT / path
        if not page.exists():
            yield f"{path}: link to {target}, which does not exist"
        elif ROOT not in page.resolve().parents and page.resolve() != ROOT:
            yield f"{path}: link to {target}, outside the repository"
        elif anchor and page.suffix == ".md" and anchor not in set(anchors(page.read_text(encoding="utf-8"))):
            yield f"{path}: link to {target}, a heading that does not exist"


def check_language(path, text):
    """A Chinese page leads to Chinese pages, where there are any; to its own English one at its head."""
    if not path.name.endswith(".zh-CN.md"):
        return
    for target in LINK.findall(without_code(text)):
        page = (ROOT / path).parent / target.partition("#")[0]
        if page.suffix == ".md" and not page.name.endswith(".zh-CN.md") and page.name != path.name.replace(".zh-CN", ""):
            if page.with_name(page.name.replace(".md", ".zh-CN.md")).exists():
                yield f"{path}: link to {target}, which is there in Chinese"


def commands(text):
    """What a page shows as typed, sent or answered: the same in every language."""
    return [
        (kind, mode.strip(), shown)
        for kind, mode, shown in CODE_BLOCK.findall(text)
        if kind in ("sh", "http", "json") or (kind, mode.strip()) == ("text", "output")
    ]


def shape(text):
    """How many headings, rows of tables and items of lists a page has."""
    plain = CODE_BLOCK.sub("", text)
    return tuple(len(re.findall(rf"^{mark}", plain, re.M)) for mark in (r"#+ ", r"\|", r"(?:- |\d+\. )"))


def is_english_only(page):
    return any(page == name or (name.endswith("/") and page.startswith(name)) for name in ENGLISH_ONLY)


def check_pair(page, chinese):
    """The two lead to each other at their heads, have the same parts, and show the same commands and examples."""
    for one, other in ((page, chinese), (chinese, page)):
        if f"]({other.name})" not in "\n".join(read(one).split("\n")[:4]):
            yield f"{one}: no link to {other.name} at its head"
    if commands(read(page)) != commands(read(chinese)):
        yield f"{chinese}: its commands or examples differ from those of {page}"
    if shape(read(page)) != shape(read(chinese)):
        yield f"{chinese}: {shape(read(chinese))} (headings, rows of tables, items), in {page} {shape(read(page))}"


def check_translations():
    pages = {path.as_posix() for path in tracked_files() if path.suffix == ".md" and read(path) is not None}
    for name in sorted(name for name in ENGLISH_ONLY if not any(page.startswith(name) for page in pages)):
        yield f"tests/docs_test.py: ENGLISH_ONLY names {name}, which does not exist"
    for page in sorted(page for page in pages if not page.endswith(".zh-CN.md") and not is_english_only(page)):
        chinese = page.replace(".md", ".zh-CN.md")
        if chinese in pages:
            yield from check_pair(Path(page), Path(chinese))
        else:
            yield f"{page}: has no {chinese} beside it, and ENGLISH_ONLY of tests/docs_test.py does not name it"
    for chinese in sorted(page for page in pages if page.endswith(".zh-CN.md")):
        if chinese.replace(".zh-CN.md", ".md") not in pages:
            yield f"{chinese}: there is no such page in English"


def check_mentions(path, text):
    """A page that a comment or a message points to exists."""
    for page in sorted(set(re.findall(r"\bdocs/[\w/.-]+\.md\b", text))):
        if not (ROOT / page).exists():
            yield f"{path}: mentions {page}, which does not exist"


def check_text(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        for host in URL.findall(line):
            if path.name not in ("package-lock.json", "docs_test.py") and not HOSTS_ALLOWED.match(host.rstrip(".")):
                yield f"{path}:{number}: names the host {host}"
        match = MACHINE_PATH.search(line)
        if match:
            yield f"{path}:{number}: a path of some machine: {match.group(0)}"
        if any(pattern.search(line) for pattern in SECRETS) and path.name != "docs_test.py":
            yield f"{path}:{number}: looks like a secret"
    if path.name == "package-lock.json" and '"resolved"' in text:
        yield f"{path}: names where packages came from; npm install --omit-lockfile-registry-resolved leaves that out"


LIMIT_ROW = re.compile(r"^\|[^|]+\| ([^|]+) \| ([^|]*) \| `(\w+)` \| \[([^\]]+)\]\([^)]*\) \|$", re.M)
SETTING_ROW = re.compile(r"^\| `(\w+)` \| ([\d ]+) \| ([\d ]+) (?:to|至) ([\d ]+) \|", re.M)
UNITS = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "h": 3600, "s": 1, "ms": 1, "min": 60, "d": 86400, "bytes": 1}
A_BOUND = re.compile(r"constexpr [^;{=]*?\b(k(?:Max|Longest)\w+|k\w*Timeout\w*)\s*(?:=|\{)")
# Bounds that nobody can go past from outside: of formats and of numbers, and what a message shows of a text.
INNER_BOUNDS = set(
    "kMaxNibbleWidth kMaxWidth kMaxVectorWidth kMaxDeviationWidth kMaxScaleExponent kMaxUnits kMaxBlockHeaderSize"
    " kMaxShownName kMaxDigits kMaxRejects kMaxOffset kMaxPlaces kMaxExponent kMaxLift kMaxPath kMaxTypes"
    " kLongestWord kLongestWait kLongestPauseS kLongestRunDays".split()
)


def constant_value(text, name):
    """The number a constant or a member is initialised with; None where there is no such thing."""
    found = re.search(rf"\b{name}\b\s*(?:=\s*([^;]+);|\{{([^}};]+)\}})", text)
    if not found:
        return None
    expression = re.sub(r"[\w:]+\{([^}]*)\}", r"\1", (found.group(1) or found.group(2)).replace("'", ""))
    expression = re.sub(r"(?<=\d)[uUlL]+\b", "", expression)
    return eval(expression) if re.fullmatch(r"[\d\s*+<()-]+", expression) else None  # only digits and operators get here


def whole(text):
    return int(re.sub(r"[ ']", "", text))


def check_bound(bound, name, file):
    """A bound of docs/limits.md is what the source says. Durations stand in hours, seconds or milliseconds there."""
    number, _, unit = re.fullmatch(r"([\d ]*\d)( (\w+))?", bound).groups()
    stated = whole(number) * UNITS.get(unit or "bytes", 1)
    value = constant_value(read(file), name) if (ROOT / file).exists() else None
    if value is None:
        yield f"docs/limits.md: no number `{name}` in {file}"
    elif value not in (stated, stated * 1000 if unit in ("s", "min") else stated, whole(number) if unit == "h" else stated):
        yield f"docs/limits.md: `{name}` is {value} in {file}, here {bound}"


def check_limits():
    """Each bound of docs/limits.md is what the source says, no bound of the source is missing there, and the Chinese page
    has the same rows with the same statuses."""
    rows = LIMIT_ROW.findall(read("docs/limits.md"))
    if not rows:
        yield "docs/limits.md: no row of the form | what | bound | past it | `constant` | [file](link) |"

    def language_free(found):
        return {(bound, tuple(re.findall(r"\d+", past)), name, file) for bound, past, name, file in found}

    for row in language_free(rows) ^ language_free(LIMIT_ROW.findall(read("docs/limits.zh-CN.md"))):
        yield f"docs/limits.md and docs/limits.zh-CN.md differ in: {row}"
    for bound, _, name, file in rows:
        yield from check_bound(bound, name, file)
    told = {name for _, _, name, _ in rows}
    for path in tracked_files():
        name = path.as_posix()
        if not name.startswith("src/") or path.suffix not in (".h", ".cpp") or re.search(r"test|contract/", name):
            continue
        for constant in set(A_BOUND.findall(read(path))) - told - INNER_BOUNDS:
            yield f"{name}: the bound {constant} is not in docs/limits.md"


def settings_of_source():
    """Each numeric key of the configuration: its default, least and most."""
    parser, defaults = read("src/cli/config.cpp"), read("src/cli/config.h")
    for key, least, most in re.findall(r"read_setting<&ServerSettings::(\w+), ([\d']+), ([\d']+)>", parser):
        yield key, constant_value(defaults, key), whole(least), whole(most)
    least, most = re.search(r"Checked read_snap.*?read_whole\(path, value, (\d+), (\d+)", parser, re.S).groups()
    yield "snap_seconds", constant_value(read("src/model/site.h"), "snap"), whole(least), whole(most)


def check_settings():
    """The settings of docs/limits.md have the defaults and ranges that the source has, and none is missing."""
    source = set(settings_of_source())
    for page in ("docs/limits.md", "docs/limits.zh-CN.md"):
        rows = {(key, *map(whole, numbers)) for key, *numbers in SETTING_ROW.findall(read(page))}
        for key, *numbers in sorted(source ^ rows):
            yield f"{page}: the setting {key} is not told as the source has it ({numbers} in one of them)"


def main():
    problems, checked = [], 0
    for path in tracked_files():
        text = read(path)
        if text is None:
            continue
        checked += 1
        if path.suffix == ".md":
            problems += check_links(path, text)
            problems += check_language(path, text)
        if not path.as_posix().startswith(SKIPPED_BELOW):
            problems += check_text(path, text)
            problems += check_mentions(path, text)
    problems += check_translations()
    problems += check_limits()
    problems += check_settings()
    finish("docs", problems, checked)


if __name__ == "__main__":
    main()
