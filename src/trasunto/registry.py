"""Names to addresses, as text: listing what there is imports nothing.

A third party adds to a group with an entry point of the same name:

    [project.entry-points."trasunto.synthesizers"]
    mine = "mypackage.mine:Mine"
"""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points
from typing import Any

from trasunto.errors import MissingLibraryError, UnknownNameError, near

GROUPS: dict[str, dict[str, str]] = {
    "synthesizers": {
        "auto": "trasunto.synthesizers.auto:Auto",
        "independent": "trasunto.synthesizers.independent:Independent",
        "tree": "trasunto.synthesizers.tree:Tree",
        "rules": "trasunto.synthesizers.rules:Rules",
        "templates": "trasunto.synthesizers.templates:Templates",
        "bayes": "trasunto.synthesizers.bayes:Bayes",
        "marginals": "trasunto.synthesizers.marginals:Marginals",
        "copula": "trasunto.synthesizers.copula:Copula",
        "distributions": "trasunto.synthesizers.distributions:Distributions",
        "gan": "trasunto.synthesizers.gan:Gan",
        "vae": "trasunto.synthesizers.vae:Vae",
        "autoregressive": "trasunto.synthesizers.autoregressive:Autoregressive",
        "diffusion": "trasunto.synthesizers.diffusion:Diffusion",
        "lm-finetune": "trasunto.synthesizers.lm_finetune:LmFinetune",
        "lm-evolve": "trasunto.synthesizers.lm_evolve:LmEvolve",
        "lm-prompt": "trasunto.synthesizers.lm_prompt:LmPrompt",
        "backtranslate": "trasunto.synthesizers.backtranslate:Backtranslate",
        "markov": "trasunto.synthesizers.markov:Markov",
        "relational": "trasunto.synthesizers.relational:Relational",
        "sequences": "trasunto.synthesizers.sequences:Sequences",
        "sequence-bootstrap": "trasunto.synthesizers.sequence_bootstrap:SequenceBootstrap",
    },
    "models": {
        "independent": "trasunto.synthesizers.independent:Margins",
        "tree": "trasunto.synthesizers.tree:Chains",
        "rules": "trasunto.synthesizers.rules:RulesModel",
        "templates": "trasunto.synthesizers.templates:TemplatesModel",
        "bayes": "trasunto.synthesizers.bayes:BayesJoint",
        "marginals": "trasunto.synthesizers.marginals:MarginalsJoint",
        "copula": "trasunto.synthesizers.copula:CopulaJoint",
        "distributions": "trasunto.synthesizers.distributions:DistributionsJoint",
        "gan": "trasunto.synthesizers.gan:GanJoint",
        "vae": "trasunto.synthesizers.vae:VaeJoint",
        "autoregressive": "trasunto.synthesizers.autoregressive:AutoregressiveJoint",
        "diffusion": "trasunto.synthesizers.diffusion:DiffusionJoint",
        "lm-finetune": "trasunto.synthesizers.lm_finetune:LmFinetuneModel",
        "lm-evolve": "trasunto.synthesizers.lm_evolve:LmEvolveModel",
        "lm-prompt": "trasunto.synthesizers.lm_prompt:LmPromptModel",
        "backtranslate": "trasunto.synthesizers.backtranslate:BacktranslateModel",
        "markov": "trasunto.synthesizers.markov:MarkovModel",
        "relational": "trasunto.synthesizers.relational:RelationalModel",
        "sequences": "trasunto.synthesizers.sequences:SequencesModel",
        "sequence-bootstrap": "trasunto.synthesizers.sequence_bootstrap:SequenceBootstrap",
        "own-past": "trasunto.synthesizers.sequence_bootstrap:OwnPastJoint",
    },
    "metrics": {
        "fidelity.shapes": "trasunto.metrics.fidelity:shapes",
        "fidelity.trends": "trasunto.metrics.fidelity:trends",
        "fidelity.triples": "trasunto.metrics.marginals:triples",
        "fidelity.constraints": "trasunto.metrics.constraints:constraints",
        "fidelity.c2st": "trasunto.metrics.structure:c2st",
        "fidelity.precision": "trasunto.metrics.support:precision",
        "fidelity.alpha_precision": "trasunto.metrics.support:alpha_precision",
        "fidelity.text": "trasunto.metrics.text:fidelity",
        "fidelity.mauve": "trasunto.metrics.text_mauve:mauve",
        "fidelity.topics": "trasunto.metrics.text_topics:topics",
        "fidelity.vendi": "trasunto.metrics.text_diversity:diversity",
        "fidelity.class_balance": "trasunto.metrics.text_classes:class_balance",
        "fidelity.label_agreement": "trasunto.metrics.text_classes:label_agreement",
        "fidelity.class_text": "trasunto.metrics.text_classes:class_text",
        "utility.tstr": "trasunto.metrics.utility:tstr",
        "utility.learners": "trasunto.metrics.learners:learners",
        "utility.augmentation": "trasunto.metrics.augmentation:augmentation",
        "fairness.representation": "trasunto.metrics.fairness_data:representation",
        "fairness.parity": "trasunto.metrics.fairness_data:parity",
        "fairness.missingness": "trasunto.metrics.fairness_data:missingness",
        "fairness.proxies": "trasunto.metrics.fairness_data:proxies",
        "fairness.subgroup_fidelity": "trasunto.metrics.fairness_subgroups:subgroup_fidelity",
        "fairness.demographic_parity": "trasunto.metrics.fairness:demographic_parity",
        "fairness.equalized_odds": "trasunto.metrics.fairness:equalized_odds",
        "fairness.predictive_parity": "trasunto.metrics.fairness:predictive_parity",
        "fairness.calibration": "trasunto.metrics.fairness:calibration",
        "fairness.auc": "trasunto.metrics.fairness:auc",
        "fairness.amplification": "trasunto.metrics.fairness:amplification",
        "sequences.lengths": "trasunto.metrics.sequences:lengths",
        "sequences.gaps": "trasunto.metrics.sequences:gaps",
        "sequences.transitions": "trasunto.metrics.sequences:transitions",
        "sequences.autocorrelation": "trasunto.metrics.sequences:autocorrelation",
        "sequences.totals": "trasunto.metrics.sequences:totals",
        "sequences.discriminative": "trasunto.metrics.sequences_told:discriminative",
        "sequences.forecasting": "trasunto.metrics.sequences_forecast:forecasting",
        "sequences.gru": "trasunto.language.sequences_gru:gru",
        "privacy.singling_out": "trasunto.metrics.attacks.singling_out:singling_out",
        "privacy.linkability": "trasunto.metrics.attacks.linkability:linkability",
        "privacy.inference": "trasunto.metrics.attacks.inference:inference",
        "privacy.membership": "trasunto.metrics.attacks.membership:membership",
        "privacy.outliers": "trasunto.metrics.attacks.membership:outliers",
        "privacy.membership_echoes": "trasunto.metrics.attacks.membership:membership_echoes",
        "privacy.near_copies": "trasunto.metrics.attacks.near:near_copies",
        "privacy.exact_copies": "trasunto.metrics.copies:exact_copies",
        "privacy.nearer_to_train": "trasunto.metrics.copies:nearer_to_train",
        "privacy.authenticity": "trasunto.metrics.support:authenticity",
        "privacy.verbatim_text": "trasunto.metrics.text:verbatim",
        "privacy.ngram_overlap": "trasunto.metrics.text_overlap:overlap",
        "privacy.replayed_identifiers": "trasunto.metrics.text_identifiers:replayed_identifiers",
    },
    # Metrics of related tables (metrics/related.py).
    "relations": {
        "relations.integrity": "trasunto.metrics.relations:integrity",
        "relations.cardinality": "trasunto.metrics.relations:cardinality",
        "relations.shapes": "trasunto.metrics.relations:shapes",
        "relations.trends": "trasunto.metrics.relations:trends",
        "relations.hop1": "trasunto.metrics.relations_hops:hop1",
        "relations.hop2": "trasunto.metrics.relations_hops:hop2",
        "relations.hop3": "trasunto.metrics.relations_hops:hop3",
        "relations.c2st": "trasunto.metrics.relations:c2st",
        "relations.aggregate_c2st": "trasunto.metrics.relations_aggregate:aggregate_c2st",
        "relations.families": "trasunto.metrics.relations:families",
        "relations.histories": "trasunto.metrics.relations_within:histories",
        "relations.text": "trasunto.metrics.relations_within:texts",
        "relations.verbatim_text": "trasunto.metrics.relations_within:verbatim",
    },
    "connectors": {
        "csv": "trasunto.connectors.files:CsvFile",
        "tsv": "trasunto.connectors.files:CsvFile",
        "jsonl": "trasunto.connectors.files:JsonLinesFile",
        "parquet": "trasunto.connectors.files:ParquetFile",
        "arrow": "trasunto.connectors.files:ArrowFile",
        "xlsx": "trasunto.connectors.files:ExcelFile",
        "folder": "trasunto.connectors.files:Folder",
        "packaged": "trasunto.connectors.packaged:Packaged",
        "messages": "trasunto.connectors.chat:Messages",
        "sharegpt": "trasunto.connectors.chat:ShareGpt",
        "chatml": "trasunto.connectors.chat:ChatMl",
        "alpaca": "trasunto.connectors.chat:Alpaca",
        "question-answer": "trasunto.connectors.chat:QuestionAnswer",
        "documents": "trasunto.connectors.documents:Documents",
        "texts": "trasunto.connectors.documents:Texts",
        "emails": "trasunto.connectors.emails:Emails",
        "hub": "trasunto.connectors.hub:SavedDataset",
        "postgresql": "trasunto.connectors.databases.database:Database",
        "postgres": "trasunto.connectors.databases.database:Database",
        "mysql": "trasunto.connectors.databases.database:Database",
        "mariadb": "trasunto.connectors.databases.database:Database",
        "sqlite": "trasunto.connectors.databases.database:Database",
        "duckdb": "trasunto.connectors.databases.database:Database",
        "mssql": "trasunto.connectors.databases.database:Database",
        "oracle": "trasunto.connectors.databases.database:Database",
        "partitions": "trasunto.connectors.partitions:Partitioned",
        "delta": "trasunto.connectors.delta:Delta",
        "iceberg": "trasunto.connectors.iceberg:Iceberg",
        "query": "trasunto.connectors.duckdb_query:Query",
        "s3": "trasunto.connectors.remote:Remote",
        "gs": "trasunto.connectors.remote:Remote",
        "az": "trasunto.connectors.remote:Remote",
    },
    "tasks": {
        "classification": "trasunto.language.tasks.classification:CLASSIFICATION",
        "rows": "trasunto.language.tasks.classification:ROWS",
        "generation": "trasunto.language.tasks.generation:GENERATION",
        "chat": "trasunto.language.tasks.answering:CHAT",
        "answering": "trasunto.language.tasks.answering:ANSWERING",
        "translation": "trasunto.language.tasks.answering:TRANSLATION",
    },
    "executors": {
        "local": "trasunto.executors:local",
        "processes": "trasunto.executors:processes",
        "ray": "trasunto.integrations.ray:ray",
    },
}

# What to install when an import of one of these top-level packages fails.
EXTRAS: dict[str, str] = {
    "torch": "lm",
    "transformers": "lm",
    "peft": "lm",
    "gguf": "lm",
    "safetensors": "lm",
    "ctranslate2": "lm",
    "fastexcel": "excel",
    "xlsxwriter": "excel",
    "vl_convert": "report",
    "typst": "report",
    "nbformat": "report",
    "nbclient": "report",
    "pandas": "pandas",
    "pyarrow": "arrow",
    "opendp": "privacy",
    "dp_accounting": "privacy",
    "phonenumbers": "privacy",
    "stdnum": "privacy",
    "cryptography": "privacy",
    "opacus": "lm",
    "py3langid": "lm",
    "httpx": "server",
    "xllamacpp": "llama",
    "sacrebleu": "lm",
    "onnx": "onnx",
    "onnxscript": "onnx",
    "onnxruntime": "onnx",
    "optuna": "lm",
    "faker": "rules",
    "anyascii": "rules",
    "datasets": "hub",
    "pypdf": "documents",
    "docx": "documents",
    "sqlalchemy": "sql",
    "psycopg": "sql",
    "pymysql": "sql",
    "keyring": "sql",
    "duckdb": "sql",
    "deltalake": "lake",
    "pyiceberg": "lake",
    "s3fs": "lake",
    "ray": "ray",
}


def names(group: str) -> list[str]:
    """Every name in a group, built in or added by an entry point, sorted."""
    return sorted(_table(group))


def load(group: str, name: str) -> Any:
    """The thing behind a name.

    Raises UnknownNameError (with the near names) and MissingLibraryError (with the extra to install).
    """
    table = _table(group)
    if name not in table:
        raise UnknownNameError(f"No {group.removesuffix('s')} called {name!r}.", near(name, table))
    module, _, attribute = table[name].partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        raise missing(error, f"{group}: {name}") from error


def missing(error: ImportError, wanted_by: str) -> Exception:
    """An ImportError as a MissingLibraryError that names the extra, or the error itself if it is ours."""
    library = (error.name or "").partition(".")[0]
    if not library or library == "trasunto":
        return error
    extra = EXTRAS.get(library)
    install = f'"trasunto[{extra}]"' if extra else library
    return MissingLibraryError(
        f"{wanted_by} needs the library {library!r}, which is not installed.",
        f"Install it: pip install {install}",
    )


def _table(group: str) -> dict[str, str]:
    if group not in GROUPS:
        raise UnknownNameError(f"No registry called {group!r}.", near(group, GROUPS))
    added = {point.name: point.value for point in entry_points(group=f"trasunto.{group}")}
    return {**added, **GROUPS[group]}
