"""The pages agree with the repository: every relative link leads somewhere, the two READMEs give the same commands, each
page a user needs exists in Chinese, and nothing tells of a machine, a package host or a secret."""

import re

from repository import ROOT, finish, read, tracked_files

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
CODE_BLOCK = re.compile(r"^```(\S*)([^\n]*)\n(.*?)^```", re.M | re.S)

# Pages for users; each has NAME.zh-CN.md beside it.
USER_PAGES = [
    "README.md",
    "docs/tour.md",
    "docs/operations.md",
    "docs/batch-jobs.md",
    "docs/glossary.md",
    "docs/test-data.md",
    "docs/limits.md",
    "docs/benchmarks.md",
    "docs/api/README.md",
    "docs/api/errors.md",
    "docs/api/legacy.md",
    "docs/api/v1.md",
    "docs/formats/packed-readings.md",
]

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


def check_translations():
    for page in USER_PAGES:
        chinese = page.replace(".md", ".zh-CN.md")
        for name in (page, chinese):
            if not (ROOT / name).exists():
                yield f"{name}: missing"
        if (ROOT / page).exists() and (ROOT / chinese).exists():
            if commands(read(page)) != commands(read(chinese)):
                yield f"{chinese}: its commands or examples differ from those of {page}"


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


LIMIT_ROW = re.compile(r"^\|[^|]+\| ([^|]+) \| `(\w+)` \| \[([^\]]+)\]\([^)]*\) \|$", re.M)
UNITS = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "s": 1, "ms": 1, "min": 60, "d": 86400, "bytes": 1}


def constant_value(text, name):
    """The number a constant or a member is initialised with; None where there is no such thing."""
    found = re.search(rf"\b{name}\b\s*(?:=\s*([^;]+);|\{{([^}};]+)\}})", text)
    if not found:
        return None
    expression = re.sub(r"[\w:]+\{([^}]*)\}", r"\1", (found.group(1) or found.group(2)).replace("'", ""))
    expression = re.sub(r"(?<=\d)[uUlL]+\b", "", expression)
    return eval(expression) if re.fullmatch(r"[\d\s*+<()-]+", expression) else None  # only digits and operators get here


def check_limits():
    """Each bound of docs/limits.md is what the source says, and the Chinese page has the same."""
    rows = LIMIT_ROW.findall(read("docs/limits.md"))
    if not rows:
        yield "docs/limits.md: no row of the form | what | bound | `constant` | [file](link) |"
    for row in set(rows) ^ set(LIMIT_ROW.findall(read("docs/limits.zh-CN.md"))):
        yield f"docs/limits.md and docs/limits.zh-CN.md differ in: {' | '.join(row)}"
    for bound, name, file in rows:
        number, _, unit = re.fullmatch(r"([\d ]*\d)( (\w+))?", bound).groups()
        stated = int(number.replace(" ", "")) * UNITS.get(unit or "bytes", 1)
        value = constant_value(read(file), name) if (ROOT / file).exists() else None
        # durations stand in seconds or milliseconds in the source
        if value is None:
            yield f"docs/limits.md: no number `{name}` in {file}"
        elif value not in (stated, stated * 1000 if unit in ("s", "min") else stated):
            yield f"docs/limits.md: `{name}` is {value} in {file}, here {bound}"


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
    finish("docs", problems, checked)


if __name__ == "__main__":
    main()
