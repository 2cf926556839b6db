"""Rules of style that a machine can check. Each is a ratchet: ALLOWED lists today's offenders with their size; none may be
added, none may grow, and one that got better must be taken from the list."""

import re
from pathlib import Path

from repository import finish, read, tracked_files

SOURCES = {".h", ".cpp", ".py", ".sh", ".ts", ".js", ".mjs", ".svelte", ".cmake", ".css"}
FILE_LINES_MAX = 450
FUNCTION_LINES_MAX = 70
COMPONENT_LINES_MAX = 200
LINE_LENGTH_MAX = 130  # clang-format cuts code at 120; tables of data in comments may stand out a little
COMMENT_WORDS = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b|not implemented", re.I)

# offender -> its size; "path" for files, "path: function" for functions.
ALLOWED = {}


def strip_cpp(text):
    """The text with comments, strings and characters blanked, so that braces can be counted."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])\'', re.S
    )
    return pattern.sub(lambda match: "\n" * match.group(0).count("\n"), text)


def functions(text):
    """(name, lines) of each function body in C++ text: a brace after parentheses, inside a namespace or a class."""
    stack, head_start = [], 0
    text = re.sub(r"^[ \t]*#[^\n]*(?:\\\n[^\n]*)*", lambda match: "\n" * match.group(0).count("\n"), strip_cpp(text), flags=re.M)
    for position, char in enumerate(text):
        if char == "{":
            head = text[head_start:position]
            scope = all(kind == "scope" for kind, _, _ in stack)
            if re.search(r"\b(namespace|class|struct|enum|union)\b", head) and not re.search(r"\)\s*(const|noexcept|override|final|\s)*$", head):
                kind = "scope"
            elif scope and "(" in head:
                kind = "function"
            else:
                kind = "block"
            name = re.search(r"([\w:~]+)\s*\(([^)]*)", head)
            label = f"{name.group(1)}({name.group(2).strip()})" if name else "?"
            label = label if name and name.group(1).startswith("TEST") else label.split("(")[0]
            stack.append((kind, label, text.count("\n", 0, position)))
            head_start = position + 1
        elif char == "}":
            if stack:
                kind, label, first_line = stack.pop()
                if kind == "function":
                    yield label, text.count("\n", 0, position) - first_line + 1
            head_start = position + 1
        elif char == ";":
            head_start = position + 1


def sizes(path, text):
    """(what, size, bound) of each thing in the file that has a bound."""
    lines = text.count("\n")
    yield str(path), lines, COMPONENT_LINES_MAX if path.suffix == ".svelte" else FILE_LINES_MAX
    if path.suffix in (".h", ".cpp"):
        for name, count in functions(text):
            yield f"{path}: {name}", count, FUNCTION_LINES_MAX


def simple_rules(path, text):
    if path.suffix == ".h" and not text.startswith("#pragma once\n") and "\n#pragma once\n" not in text[:2000]:
        yield f"{path}: no #pragma once"
    if text and not text.endswith("\n"):
        yield f"{path}: no newline at its end"
    for number, line in enumerate(text.split("\n"), 1):
        if COMMENT_WORDS.search(line) and path != Path("tests/style_test.py"):
            yield f"{path}:{number}: a reminder left in the code: {line.strip()[:80]}"
        if path.suffix in (".h", ".cpp") and len(line) > LINE_LENGTH_MAX:
            yield f"{path}:{number}: {len(line)} characters, at most {LINE_LENGTH_MAX}"
        if line != line.rstrip() and path.suffix != ".svelte":
            yield f"{path}:{number}: spaces at the end of the line"


COMMENT = re.compile(r"^\s*//(\s*)(\S.*)$")
LABEL = re.compile(r"\S+( \S+)*  +\S")  # "errors  io": the text goes on below its own column


def broken_comments(path, text):
    """A formatter's reflow breaks what stands below a label: a word or two are left alone in the label's column behind a
    long line, and the text goes on deeper, or ends there."""
    lines = [COMMENT.match(line) if len(line) <= LINE_LENGTH_MAX else None for line in text.split("\n")]
    for number, (before, line, after) in enumerate(zip(lines, lines[1:], [*lines[2:], None]), 2):
        if not before or not line or len(before.string) <= 90 or len(line[2].split()) > 2 or LABEL.match(line[2]):
            continue
        goes_on_deeper = after and len(after[1]) > len(line[1]) and not LABEL.match(after[2])
        leaves_its_label = LABEL.match(before[2]) and len(before[1]) >= len(line[1])
        if goes_on_deeper or leaves_its_label:
            yield f"{path}:{number}: a comment broken by reflow: '{line[2]}' stands alone; wrap it by hand"
    for number, (before, line) in enumerate(zip(lines, lines[1:]), 2):
        if before and line and re.search(r"(?<!\d)\d{1,3}$", before[2]) and re.match(r"\d{3}\b", line[2]):
            yield f"{path}:{number}: a number broken over two comment lines"


def main():
    problems, checked, seen = [], 0, set()
    for path in tracked_files():
        if path.suffix not in SOURCES or path.parts[0] not in ("src", "tests", "bench", "fuzz", "web", "tools", "examples", "cmake"):
            continue
        text = read(path)
        checked += 1
        problems += simple_rules(path, text)
        if path.suffix in (".h", ".cpp"):
            problems += broken_comments(path, text)
        for what, size, bound in sizes(path, text):
            if size <= bound:
                continue
            seen.add(what)
            if size > ALLOWED.get(what, bound):
                problems.append(f"{what}: {size} lines, at most {ALLOWED.get(what, bound)}; look for the second concept inside")
            elif size < ALLOWED[what]:
                problems.append(f"{what}: {size} lines now; lower its entry in ALLOWED of tests/style_test.py")
    problems += [f"{what}: within its bound now; take it from ALLOWED" for what in ALLOWED.keys() - seen]
    finish("style", problems, checked)


if __name__ == "__main__":
    main()
