"""DataSynthesizer in correlated attribute mode, without differential privacy.

Settings: k, the most parents of a column (2). Words are declared categories: with more than 20 values they would be
replaced by random letters.
"""

import stopwatch
from DataSynthesizer.DataDescriber import DataDescriber
from DataSynthesizer.DataGenerator import DataGenerator


class Describer(DataDescriber):
    """A describer of rows that are read already."""

    def __init__(self, table):
        super().__init__()
        self.table = table

    def read_dataset_from_csv(self, file_name=None):
        self.df_input = self.table


def fit(table, job):
    words, dates = job.columns(*stopwatch.WORDS), job.columns(*stopwatch.DATES)
    for name in dates:
        table[name] = table[name].dt.strftime("%Y-%m-%d %H:%M:%S")
    describer = Describer(table)
    describer.describe_dataset_in_correlated_attribute_mode(
        str(job.train),
        k=job.settings.get("k", 2),
        epsilon=0,
        attribute_to_datatype=dict.fromkeys(words, "String") | dict.fromkeys(dates, "DateTime"),
        attribute_to_is_categorical=dict.fromkeys(words, True) | dict.fromkeys(dates, False),
        attribute_to_is_candidate_key=dict.fromkeys(job.kinds, False),
        seed=job.seed,
    )
    described = job.folder / "described.json"
    describer.save_dataset_description_to_file(str(described))
    return described


def sample(described, job):
    generator = DataGenerator()
    generator.generate_dataset_in_correlated_attribute_mode(job.rows, str(described), seed=job.seed)
    return stopwatch.from_seconds(generator.synthetic_dataset, job)


if __name__ == "__main__":
    stopwatch.run(fit, sample, "DataSynthesizer")
