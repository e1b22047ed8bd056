"""DataSynthesizer with differential privacy (PrivBayes), on rows of codes. Settings: epsilon, k (most parents, 2)."""

import stopwatch
from data_synthesizer import Describer
from DataSynthesizer.DataGenerator import DataGenerator


def fit(table, job):
    described = job.folder / "described.json"
    describer = Describer(table.astype(str))
    names = list(job.kinds)
    describer.describe_dataset_in_correlated_attribute_mode(
        str(job.train),
        k=job.settings.get("k", 2),
        epsilon=job.settings["epsilon"],
        attribute_to_datatype=dict.fromkeys(names, "String"),
        attribute_to_is_categorical=dict.fromkeys(names, True),
        attribute_to_is_candidate_key=dict.fromkeys(names, False),
        seed=job.seed,
    )
    describer.save_dataset_description_to_file(str(described))
    return described


def sample(described, job):
    generator = DataGenerator()
    generator.generate_dataset_in_correlated_attribute_mode(job.rows, str(described), seed=job.seed)
    return generator.synthetic_dataset.astype(int)


if __name__ == "__main__":
    stopwatch.run(fit, sample, "DataSynthesizer")
