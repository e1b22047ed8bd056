"""CHECK conditions of databases as rules of ours: `((age >= 0) AND (age <= 120))` is `age >= 0` and `age <= 120`.

What databases print is read with a small grammar: comparisons, IN, BETWEEN, IS NULL, AND, OR, NOT, sums and products,
casts, and a few functions. Anything else is left to the database.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Sequence
from typing import Any

from trasunto.data.constraints import read_rule
from trasunto.data.expressions import FUNCTIONS
from trasunto.data.schema import Constraint, TableSchema
from trasunto.errors import SchemaError

_TOKEN = re.compile(
    r"\s*(?:(?P<text>(?:_\w+\s*|[ENenb])?'(?:[^'\\]|''|\\.)*')|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)"
    r"|(?P<name>[A-Za-z_][\w$]*|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|\[[A-Za-z_]\w*\])"
    r"|(?P<mark>::|<>|!=|<=|>=|\|\||[-+*/%=<>(),\[\]~!]))"
)
_COMPARISONS = {"=": "==", "<>": "!=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_CALLS = {"length": "length", "char_length": "length", "lower": "lower", "upper": "upper", "abs": "abs"}
_NUMBERS = frozenset(["smallint", "integer", "bigint", "numeric", "real", "double", "int4", "int8"])
_TYPE_WORDS = frozenset(["varying", "precision", "with", "without", "time", "zone", "unsigned", "signed"])


class _Unknown(Exception):
    """What the small grammar does not know."""


def rules_of_checks(checks: Sequence[tuple[str, str]], schema: TableSchema) -> tuple[Constraint, ...]:
    """The rules that the conditions say, each once; a condition that is no rule of ours is left out."""
    found: dict[str, Constraint] = {}
    for name, condition in checks:
        try:
            parts = _Reader(condition).parts()
        except _Unknown:
            continue
        for rule in parts:
            try:
                read_rule(rule, schema)
            except SchemaError:
                continue
            found.setdefault(rule, Constraint(rule, reason=f"The database checks it{f' ({name})' if name else ''}."))
    return tuple(found.values())


def allowed_values(rule: str) -> tuple[str, tuple[str, ...]] | None:
    """(column, values) of a rule that lists the texts a column may hold."""
    try:
        tree = ast.parse(re.sub(r"`([^`]*)`", "__quoted__", rule), mode="eval").body
    except SyntaxError:
        return None
    if not (isinstance(tree, ast.Compare) and isinstance(tree.ops[0], ast.In) and isinstance(tree.left, ast.Name)):
        return None
    listed = tree.comparators[0]
    values = [each.value for each in getattr(listed, "elts", []) if isinstance(each, ast.Constant)]
    if not values or not all(isinstance(value, str) for value in values):
        return None
    quoted = re.search(r"`([^`]*)`", rule)
    return (quoted[1] if tree.left.id == "__quoted__" and quoted else tree.left.id), tuple(map(str, values))


class _Reader:
    """One walk over a condition; every method gives a piece of a rule as text."""

    def __init__(self, condition: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        condition = condition.strip()
        while at < len(condition):
            match = _TOKEN.match(condition, at)
            if match is None:
                raise _Unknown
            self.tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()
        self.at = 0

    def parts(self) -> list[str]:
        """The conditions that AND ties together, each alone."""
        found = self.either()
        if self.at != len(self.tokens):
            raise _Unknown
        tree = ast.parse(_hide(found), mode="eval").body
        if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
            return [_shown(each, found) for each in tree.values]
        return [_shown(tree, found)]

    def either(self) -> str:
        return self._series(self.both, "OR", "or")

    def both(self) -> str:
        return self._series(self.negated, "AND", "and")

    def _series(self, inner: Any, word: str, ours: str) -> str:
        found = [inner()]
        while self.word(word):
            found.append(inner())
        return found[0] if len(found) == 1 else f" {ours} ".join(f"({each})" for each in found)

    def negated(self) -> str:
        if self.word("NOT") or self.mark("!"):
            return f"not ({self.negated()})"
        return self.comparison()

    def comparison(self) -> str:
        left = self.sum()
        if self.word("IS"):
            no = self.word("NOT")
            self.must(self.word("NULL"))
            return f"{left} is {'not ' if no else ''}None"
        no = self.word("NOT")
        if self.word("IN"):
            self.must(self.mark("("))
            return f"{left} {'not ' if no else ''}in [{', '.join(self.listed(')'))}]"
        if self.word("BETWEEN"):
            low = self.sum()
            self.must(self.word("AND"))
            both = f"({left} >= {low}) and ({left} <= {self.sum()})"
            return f"not ({both})" if no else both
        self.must(not no)
        for mark, ours in sorted(_COMPARISONS.items(), key=lambda pair: -len(pair[0])):
            if self.mark(mark):
                return self._compared(left, ours)
        return left

    def _compared(self, left: str, sign: str) -> str:
        """`= ANY (ARRAY[…])` is how PostgreSQL prints IN, `<> ALL (ARRAY[…])` NOT IN."""
        if (sign == "==" and self.word("ANY")) or (sign == "!=" and self.word("ALL")):
            self.must(self.mark("("))
            deep = 0
            while self.mark("("):
                deep += 1
            self.must(self.word("ARRAY") and self.mark("["))
            values = self.listed("]")
            for _ in range(deep):
                self.casts()
                self.must(self.mark(")"))
            self.casts()
            self.must(self.mark(")"))
            return f"{left} {'in' if sign == '==' else 'not in'} [{', '.join(values)}]"
        return f"{left} {sign} {self.sum()}"

    def sum(self) -> str:
        return self._chain(self.product, ("+", "-"))

    def product(self) -> str:
        return self._chain(self.cast, ("*",))

    def _chain(self, inner: Any, marks: tuple[str, ...]) -> str:
        found = inner()
        while True:
            mark = next((each for each in marks if self.mark(each)), None)
            if mark is None:
                return str(found)
            found = f"({found} {mark} {inner()})"

    def cast(self) -> str:
        found = f"-{self.cast()}" if self.mark("-") else self.single()
        # A number below nought is printed as a text that is cast.
        if self.casts() & _NUMBERS and re.fullmatch(r"'-?[\d.]+(e[+-]?\d+)?'", found):
            return found.strip("'")
        return found

    def casts(self) -> set[str]:
        found = set()
        while self.mark("::"):
            found.add(self.type())
        return found

    def type(self) -> str:
        name = self._name()
        self.must(name is not None)
        while self.peek()[0] == "name" and self.peek()[1].lower() in _TYPE_WORDS:
            self.at += 1
        if self.mark("("):
            self.listed(")")
            while self.peek()[0] == "name" and self.peek()[1].lower() in _TYPE_WORDS:
                self.at += 1
        while self.mark("["):
            self.must(self.mark("]"))
        return str(name).lower()

    def single(self) -> str:
        kind, value = self.peek()
        if self.mark("("):
            found = self.either()
            self.must(self.mark(")"))
            return f"({found})" if re.search(r"\W(or|and|in|is)\W|[<>=]|^not ", found) else found
        self.at += 1
        if kind == "number":
            return value
        if kind == "text":
            return _text(value)
        self.must(kind == "name")
        plain = value.lower()
        if plain in ("true", "false", "null"):
            return {"true": "True", "false": "False", "null": "None"}[plain]
        if plain in ("date", "timestamp", "datetime") and self.peek()[0] == "text":
            self.at += 1
            return _text(self.tokens[self.at - 1][1])
        if plain == "cast" and self.mark("("):
            found = self.either()
            self.must(self.word("AS"))
            self.type()
            self.must(self.mark(")"))
            return found
        if self.mark("("):
            self.must(plain in _CALLS)
            return f"{_CALLS[plain]}({', '.join(self.listed(')'))})"
        return spelled(_bare(value))

    def listed(self, end: str) -> list[str]:
        found = []
        while not self.mark(end):
            found.append(self.sum())
            self.must(self.mark(",") or self.peek() == ("mark", end))
        return found

    def _name(self) -> str | None:
        kind, value = self.peek()
        if kind != "name":
            return None
        self.at += 1
        return value

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("", "")

    def word(self, word: str) -> bool:
        return self._taken("name", word)

    def mark(self, mark: str) -> bool:
        return self._taken("mark", mark)

    def _taken(self, kind: str, value: str) -> bool:
        if self.peek()[0] == kind and self.peek()[1].upper() == value:
            self.at += 1
            return True
        return False

    def must(self, found: bool) -> None:
        if not found:
            raise _Unknown


def spelled(name: str) -> str:
    """A column as a rule spells it: in backticks where the name is odd."""
    plain = name.isidentifier() and not keyword.iskeyword(name) and name not in FUNCTIONS
    return name if plain else f"`{name}`"


def _bare(name: str) -> str:
    if name[0] in '"`':
        return name[1:-1].replace(name[0] * 2, name[0])
    return name[1:-1] if name[0] == "[" else name


def _text(token: str) -> str:
    value = token[token.index("'") + 1 : -1].replace("''", "'").replace("\\'", "'").replace("\\\\", "\\")
    if "`" in value:
        raise _Unknown
    return repr(value)


def _hide(rule: str) -> str:
    names = list(dict.fromkeys(re.findall(r"`([^`]*)`", rule)))
    return re.sub(r"`([^`]*)`", lambda found: f"in_backticks_{names.index(found[1])}", rule)


def _shown(tree: ast.AST, rule: str) -> str:
    names = list(dict.fromkeys(re.findall(r"`([^`]*)`", rule)))
    return re.sub(r"\bin_backticks_(\d+)\b", lambda found: f"`{names[int(found[1])]}`", ast.unparse(tree))
