"""The folders below src/ are the layers of docs/architecture.md. This reads every #include and fails on one that points
up the list, sideways where two folders must not know each other, or at a library that belongs to another layer."""

import re
import sys

from repository import finish, read, tracked_files

# From the top. An arrow may only point down; folders on one line do not know each other.
LAYERS = [
    ["cli"],
    ["simulator", "http", "mqtt"],
    ["service"],
    ["formats"],
    ["store"],
    ["billing", "vee"],
    ["usage", "codec"],
    ["model"],
    ["base"],
]
RANK = {folder: rank for rank, line in enumerate(LAYERS) for folder in line}

# Arrows that point down and are refused all the same.
REFUSED = {
    "simulator": {"service", "formats", "store", "billing", "vee", "usage", "codec"},  # it only makes plain data
    "formats": {"store"},  # bytes <-> plain data, whoever keeps it
    "billing": {"codec"},
    "vee": {"codec"},
}

# Libraries only one layer knows. The command line tools are clients of the server too: `cli` may speak HTTP through curl.
LIBRARIES = [
    (re.compile(r"^(sqlite3|libpq-fe|pq|hiredis)\b|^(postgresql|hiredis)/"), {"store"}),
    (re.compile(r"^boost/beast\b"), {"http"}),
    (re.compile(r"^simdjson\b"), {"formats"}),
    (re.compile(r"^CLI/"), {"cli"}),
    (re.compile(r"^(isa-l|crc)\b"), {"base"}),
    (re.compile(r"^xxh"), {"model", "base"}),
    (re.compile(r"^curl/"), {"cli", "service"}),
]

# Time, randomness and the environment come in through interfaces, wired together in cli/.
AMBIENT = re.compile(
    r"\b(system_clock::now|steady_clock|high_resolution_clock|random_device|getenv|std::time\(|gettimeofday|clock_gettime)"
)
# Where such a thing is named all the same, and why; an entry that is no longer used is a problem too.
METRIC = "how long a request took, for /metrics alone: no answer depends on it"
AMBIENT_ALLOWED = {
    ("base/clock.h", "system_clock::now"): "SystemClock is the interface's way out",
    ("base/clock.h", "steady_clock"): "SystemClock is the interface's way out",
    ("http/lane.h", "steady_clock"): "deadlines of connections are kept by Asio's timer, which runs on this clock",
    ("http/server.cpp", "steady_clock"): "the same timer, for the pause after an accept that failed",
    ("http/api.cpp", "steady_clock"): METRIC,
    ("http/api_legacy.cpp", "steady_clock"): METRIC,
    ("http/api_v1_readings.cpp", "steady_clock"): METRIC,
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)


# Test code beside the sources: x_test.cpp, what such tests share, and the contract suites.
TEST_CODE = re.compile(r"_test(_\w+)?\.(cpp|h)$|^src/\w+/(contract|testing)/|/(fake|test)_\w+\.(cpp|h)$")


def is_test(path):
    return TEST_CODE.search(path.as_posix()) is not None


def store_of(parts):
    """The store below src/store/ that a file belongs to; None for the interfaces themselves."""
    return parts[1] if parts[0] == "store" and len(parts) > 2 else None


def check_own_include(path, parts, target):
    """The reason why this include is refused, or None. A test may look further: it composes what it tests."""
    aim = target.split("/")
    if aim[0] not in RANK:
        return f"'{target}' does not name a folder below src/"
    here, there = parts[0], aim[0]
    if here != there:
        if RANK[there] < RANK[here]:
            return f"'{target}' points up the layers ({here} -> {there})"
        if RANK[there] == RANK[here] or there in REFUSED.get(here, ()):
            return f"'{target}': {here} does not know {there}"
        if store_of(aim) and here not in ("cli", "simulator"):
            return f"'{target}': only cli/ picks a store; {here} knows the interfaces"
    elif store_of(aim) and store_of(parts) != store_of(aim):
        return f"'{target}': a store does not know another"
    return None


def check_file(path, text):
    parts = path.parts[1:]
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        own, library = match.groups()
        reason = None
        if own and not is_test(path):
            reason = check_own_include(path, parts, own)
        elif own and own.split("/")[0] in RANK and RANK[own.split("/")[0]] < RANK[parts[0]]:
            reason = f"'{own}' points up the layers, from a test too"
        elif library:
            for pattern, layers in LIBRARIES:
                if pattern.search(library) and parts[0] not in layers:
                    reason = f"<{library}> belongs to {' and '.join(sorted(layers))}/ alone"
        if reason:
            yield f"{path}:{line}: {reason}"


def ambient(path, text):
    """What the file names of AMBIENT; nothing where it is a test or below cli/."""
    if is_test(path) or path.parts[1] == "cli":
        return set()
    return {("/".join(path.parts[1:]), name) for name in AMBIENT.findall(re.sub(r"//[^\n]*", "", text))}


def box_of(parts):
    """The box of docs/architecture.md that a file belongs to: its folder, of a store that one's."""
    return parts[1] if parts[0] == "store" and len(parts) > 2 else parts[0]


def check_diagram(includes):
    """The arrows of docs/architecture.md are the includes: none is drawn that is not there, none is missing. An arrow may
    stand for a way over others."""
    drawn = set(re.findall(r"^  (\w+) --> (\w+)$", read("docs/architecture.md"), re.M))
    if drawn != set(re.findall(r"^  (\w+) --> (\w+)$", read("docs/architecture.zh-CN.md"), re.M)):
        yield "docs/architecture.zh-CN.md: its arrows are not those of docs/architecture.md"
    for arrow in sorted(drawn - includes):
        yield "docs/architecture.md: no file of {} includes one of {}".format(*arrow)
    reachable = set(drawn)
    while more := {(a, d) for a, b in reachable for c, d in drawn if b == c} - reachable:
        reachable |= more
    for arrow in sorted(includes - reachable):
        yield "docs/architecture.md: {} includes {}, and no arrow leads there".format(*arrow)


def main():
    problems, checked, includes, named = [], 0, set(), set()
    for path in tracked_files():
        if path.parts[0] != "src" or path.suffix not in (".h", ".cpp"):
            continue
        checked += 1
        if path.parts[1] not in RANK:
            problems.append(f"{path}: src/{path.parts[1]} is not a layer of tests/layers_test.py")
            continue
        problems += check_file(path, read(path))
        named |= ambient(path, read(path))
        if not is_test(path):
            aims = {box_of(own.split("/")) for own, _ in INCLUDE.findall(read(path)) if own}
            includes |= {(box_of(path.parts[1:]), aim) for aim in aims - {box_of(path.parts[1:])}}
    for file, name in sorted(named - AMBIENT_ALLOWED.keys()):
        problems.append(f"src/{file}: {name} below cli/: take a Clock or another interface")
    for file, name in sorted(AMBIENT_ALLOWED.keys() - named):
        problems.append(f"src/{file}: no {name} any more; take it from AMBIENT_ALLOWED of tests/layers_test.py")
    problems += check_diagram(includes)
    finish("layers", problems, checked)


if __name__ == "__main__":
    sys.exit(main())
