"""What SDV is told of the columns: what it finds itself, and our kinds where it takes one for a key or a secret."""

from sdv.metadata import Metadata

MODELLED = ("numerical", "categorical", "boolean", "datetime")
SDTYPES = {"integer": "numerical", "number": "numerical", "category": "categorical", "boolean": "categorical"}


def described(table, job):
    """The metadata of the one table."""
    metadata = Metadata.detect_from_dataframes({"table": table}, infer_keys=None)
    for name, found in list(metadata.tables["table"].columns.items()):
        if found["sdtype"] not in MODELLED:
            metadata.update_column(name, sdtype=SDTYPES.get(job.kinds[name], "datetime"))
    return metadata
