"""The differential-privacy statement: after NIST SP 800-226, with what Tier 3 of the deployments registry asks."""

from __future__ import annotations

from typing import Any

from trasunto.reports.blocks import Block, Grid, Points, Words
from trasunto.reports.papers import parts
from trasunto.reports.papers.bounds import most_found, most_right
from trasunto.reports.papers.words.spoken import spoken
from trasunto.reports.papers.writer import Row, Writer

AT = "run.json: guarantee"
SHOWN = (0.1, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 10.0)
FALSE_ALARMS = (0.001, 0.01, 0.1)
HIGH = 3.0


def write(w: Writer) -> list[Block]:
    """The blocks of the statement; a run without a guarantee claims nothing."""
    found = w.run.guarantee
    references = w.laws("nist", "registry", "gdpr_definitions", "edpb_models")
    if not found:
        return [
            w.heading("dp.claim"),
            *([Words(w.say("dp.none.injected"), "warning")] if w.run.rehearsed else []),
            Words(w.say("dp.none"), "warning"),
            Words(w.say("dp.none.next")),
            w.heading("dp.audit"),
            *_attacks(w),
            *parts.measures(w),
            w.heading("dp.people"),
            *w.blanks("controller", "release_model", "other_releases"),
            *references,
            *w.signature(),
        ]
    return [
        *_claim(w, found),
        *_parameters(w, found),
        *_spending(w, found),
        *_meaning(w, found),
        *_composition(w),
        *_domain(w),
        *_outside(w, found),
        *_hazards(w, found),
        *_audit(w),
        w.heading("dp.people"),
        *w.blanks("controller", "release_model", "epsilon_reason", "tuning", "other_releases", "trust"),
        *references,
        *w.signature(),
    ]


def _numbers(found: dict[str, Any]) -> tuple[float, float]:
    return float(found["spent"]["epsilon"]), float(found["spent"].get("delta", 0.0))


def _claim(w: Writer, found: dict[str, Any]) -> list[Block]:
    epsilon, delta = _numbers(found)
    values = {"epsilon": w.exact(epsilon), "delta": w.exact(delta), "unit": parts.unit(w, found["unit"])}
    blocks: list[Block] = [w.heading("dp.claim"), Words(w.say("dp.claim.told", **values))]
    return [*blocks, Words(w.say("dp.high"), "warning")] if epsilon > HIGH else blocks


def _kind(found: dict[str, Any]) -> str:
    """ "row", "person" or "family"."""
    return str(found["unit"]).partition(" ")[0]


def _neighbours(w: Writer, found: dict[str, Any]) -> str:
    told = found.get("neighbours")
    if found["unit"] == "row":
        return w.say("neighbours.row") if told in (None, "add or remove one row") else str(told)
    if _kind(found) == "family":
        return w.say("neighbours.family", table=found["unit"][len("family (") : -1])
    return w.say("neighbours.person", most=w.value(found["spent"].get("contributions", 1)))


def _parameters(w: Writer, found: dict[str, Any]) -> list[Block]:
    epsilon, delta = _numbers(found)
    spent, versions = found["spent"], w.run.manifest.get("versions") or {}
    made = [
        f"{name} {versions[name]}" for name in ("trasunto", "opendp", "dp-accounting", "opacus") if name in versions
    ]
    rows: list[Row] = [
        w.row("dp.epsilon", epsilon, f"{AT}.spent.epsilon"),
        w.row("dp.delta", delta, f"{AT}.spent.delta"),
        w.row("dp.flavour", w.say("dp.approximate" if delta else "dp.pure"), f"{AT}.spent.delta"),
        w.row("dp.unit", parts.unit(w, found["unit"]), f"{AT}.unit"),
        w.row("dp.contributions", spent.get("contributions", 1), f"{AT}.spent.contributions"),
        w.row("dp.neighbours", _neighbours(w, found), f"{AT}.neighbours"),
        w.row("dp.mechanism", spoken(found.get("mechanism", ""), w.at), f"{AT}.mechanism"),
        w.row("dp.rows_public", spent.get("rows") or w.say("dp.rows_none"), f"{AT}.spent.rows"),
        w.row("dp.domain_share", w.percent(spent.get("domain_share", 0.0)), f"{AT}.spent.domain_share"),
        w.row("dp.model", w.say("dp.central"), w.say("by_design")),
        w.row("dp.product", w.say("dp.product.told", rows=w.value(w.run.rows)), w.run.place("synthesis") + ".rows"),
        w.row("dp.post", w.say("dp.post.told"), w.say("by_design")),
        w.row("dp.implementation", made, "run.json: versions"),
        *parts.purpose_rows(w),
    ]
    return [w.heading("dp.parameters"), w.table(rows)]


def _spending(w: Writer, found: dict[str, Any]) -> list[Block]:
    blocks: list[Block] = [w.heading("dp.spending")]
    spending = found.get("spending") or []
    if not spending:
        return [*blocks, Words(w.say("dp.spending.none"), "warning")]
    head = (w.say("dp.what"), w.say("dp.mechanism"), w.say("dp.amount"), w.say("dp.note"))
    said = [tuple(spoken(each.get(key, ""), w.at) for key in ("what", "mechanism", "note")) for each in spending]
    rows = tuple((what, how, _amount(w, e), note) for e, (what, how, note) in zip(spending, said, strict=True))
    return [*blocks, Grid(head, rows, long=True)]


def _amount(w: Writer, each: dict[str, Any]) -> str:
    parts_ = [
        f"{sign} = {w.exact(each[key])}"
        for key, sign in (("epsilon", "ε"), ("rho", "ρ"), ("delta", "δ"))
        if each.get(key)
    ]
    return ", ".join(parts_) or w.say("dp.nothing")


def _meaning(w: Writer, found: dict[str, Any]) -> list[Block]:
    epsilon, delta = _numbers(found)
    unit = parts.unit(w, found["unit"])
    this = (w.say("dp.this", epsilon=w.exact(epsilon), delta=w.exact(delta)), epsilon, delta)
    others = [(w.exact(e), e, 0.0) for e in SHOWN]
    rows = tuple(
        (
            name,
            *(w.limit(most_found(e, d, alarms)) for alarms in FALSE_ALARMS),
            w.limit(most_right(e, d)),
        )
        for name, e, d in (this, *others)
    )
    alarms = tuple(w.say("dp.found_at", alarms=w.percent(each)) for each in FALSE_ALARMS)
    head = ("ε", *alarms, w.say("dp.right"))
    return [w.heading("dp.meaning"), Words(w.say("dp.meaning.told", unit=unit)), Grid(head, rows, right=(1, 2, 3, 4))]


def _composition(w: Writer) -> list[Block]:
    ledger, at = w.run.privacy.get("ledger") or {}, w.run.place("privacy") + ".ledger"
    blocks: list[Block] = [w.heading("dp.composition")]
    if not ledger:
        return [*blocks, Words(w.say("dp.ledger.none"), "warning")]
    rows = [
        w.row("dp.ledger.source", ledger.get("source"), f"{at}.source"),
        *(w.row(f"dp.{each}", _sum(w, ledger.get(each)), f"{at}.{each}") for each in ("granted", "spent", "left")),
        w.row("dp.entries", len(ledger.get("entries") or []), f"{at}.entries"),
    ]
    return [*blocks, w.table(rows)]


def _sum(w: Writer, found: Any) -> str | None:
    """An amount in the ledger: epsilon, or epsilon and delta."""
    if isinstance(found, dict):
        return ", ".join(
            f"{sign} = {w.exact(found[key])}" for key, sign in (("epsilon", "ε"), ("delta", "δ")) if key in found
        )
    return None if found is None else f"ε = {w.exact(found)}"


def _columns(w: Writer) -> tuple[list[str], int]:
    """The columns whose domain is not declared, and how many columns there are."""
    columns = [column for table in w.run.schema.tables.values() for column in table.columns]
    return [column.name for column in columns if not column.declared], len(columns)


def _domain(w: Writer) -> list[Block]:
    open_, count = _columns(w)
    told = w.say("dp.domain.told", declared=count - len(open_), count=count)
    blocks: list[Block] = [w.heading("dp.domain"), Words(told)]
    return [*blocks, Words(w.say("dp.domain.read", columns=", ".join(open_)))] if open_ else blocks


def _outside(w: Writer, found: dict[str, Any]) -> list[Block]:
    assumed = tuple(spoken(str(each), w.at) for each in found.get("assumptions") or ())
    blocks: list[Block] = [w.heading("dp.outside"), Points(w.points("dp.outside", 6))]
    if assumed:
        blocks += [w.heading("dp.outside.assumed", 3), Points(assumed)]
    return blocks


def _hazards(w: Writer, found: dict[str, Any]) -> list[Block]:
    epsilon, delta = _numbers(found)
    open_, _ = _columns(w)
    ledger, audit = w.run.privacy.get("ledger") or {}, w.run.privacy.get("audit") or {}
    learnt = ((w.run.manifest.get("split") or {}).get("parts") or {}).get("train", {}).get("rows")
    product = w.number(delta * learnt) if learnt else w.say("not_recorded")
    auto = (w.run.recipe.get("synthesizer") or {}).get("name") == "auto"
    small = w.say("dp.h.delta.value", product=product) if delta else w.say("dp.h.delta.zero")
    domain = w.say("dp.h.domain.some", count=len(open_)) if open_ else w.say("dp.h.domain.all")
    repeat = w.say("dp.h.repeat.yes", left=w.value(_sum(w, ledger.get("left")))) if ledger else w.say("dp.h.repeat.no")
    at = w.run.place("privacy")
    rows = (
        ("unit", w.say(f"dp.h.unit.{_kind(found)}"), f"{AT}.unit"),
        ("epsilon", w.say("dp.h.epsilon.high" if epsilon > HIGH else "dp.h.epsilon.low"), f"{AT}.spent.epsilon"),
        ("delta", small, f"{AT}.spent.delta"),
        ("domain", domain, "synthetic/schema.json"),
        ("float", w.say("dp.h.float.told"), f"{AT}.assumptions"),
        ("repeat", repeat, f"{at}.ledger"),
        ("tuning", w.say("dp.h.tuning.auto" if auto else "dp.h.tuning.told"), "recipe.yaml: synthesizer.name"),
        ("after", _after(w), f"{w.run.place('synthesis')}.curation; {w.run.place('fairness')}.repair"),
        ("audit", w.say("dp.h.audit.yes" if audit else "dp.h.audit.no"), f"{at}.audit"),
    )
    head = (w.say("dp.hazard"), w.say("state"), w.say("source"))
    told = tuple((w.say(f"dp.h.{name}"), text, where) for name, text, where in rows)
    return [w.heading("dp.hazards"), Words(w.say("dp.hazards.told")), Grid(head, told)]


def _after(w: Writer) -> str:
    """Whether a step after the drawing may have looked at real rows."""
    found = []
    if (w.run.facts.get("synthesis") or {}).get("curation"):
        found.append(w.say("dp.h.after.curation"))
    if w.run.fairness.get("repair"):
        found.append(w.say("dp.h.after.repair"))
    return " ".join(found) or w.say("dp.h.after.none")


def _audit(w: Writer) -> list[Block]:
    audit, at = w.run.privacy.get("audit") or {}, w.run.place("privacy") + ".audit"
    blocks: list[Block] = [w.heading("dp.audit")]
    if audit:
        claimed = audit.get("epsilon_claimed")
        rows = [
            w.row("dp.audit.lower", audit.get("epsilon_lower"), f"{at}.epsilon_lower"),
            w.row("dp.audit.claimed", claimed, f"{at}.epsilon_claimed"),
            w.row("dp.audit.canaries", audit.get("canaries"), f"{at}.canaries"),
            w.row("dp.audit.ceiling", audit.get("ceiling"), f"{at}.ceiling"),
        ]
        broken = claimed is not None and audit.get("epsilon_lower", 0.0) > claimed
        said = Words(w.say("dp.audit.broken"), "warning") if broken else Words(w.say("dp.audit.held"))
        blind = claimed is not None and not broken and (audit.get("ceiling") or 0.0) <= claimed
        blocks += [w.table(rows), said, *([Words(w.say("dp.audit.blind"), "warning")] if blind else [])]
    else:
        blocks.append(Words(w.say("dp.h.audit.no")))
    return [*blocks, *_attacks(w), *_beside(w)]


def _beside(w: Writer) -> list[Block]:
    """The best attack beside the bound: an attack above it disproves the claim."""
    found, measured = w.run.guarantee, w.run.score("privacy.membership_tpr_1")
    if not found or measured is None or measured.interval is None:
        return []
    bound = most_found(*_numbers(found), 0.01)
    values = {"value": w.percent(measured.value), "bound": w.limit(bound)}
    broken = measured.interval[0] > bound
    return [Words(w.say("dp.beside.broken" if broken else "dp.beside", **values), "warning" if broken else "")]


def _attacks(w: Writer) -> list[Block]:
    return [*w.scores(parts.ATTACKS, "how.attack", ("privacy.membership_tpr_1",)), Words(w.say("report_private"))]
