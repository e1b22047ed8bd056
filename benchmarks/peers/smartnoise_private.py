"""smartnoise-synth's MST and AIM, on rows of codes. Settings: method ("mst" or "aim"), epsilon, delta, sizes."""

import stopwatch
from snsynth import Synthesizer
from snsynth.transform import ChainTransformer, LabelTransformer, TableTransformer


def fit(table, job):
    told = job.settings
    model = Synthesizer.create(told["method"], epsilon=told["epsilon"], delta=told["delta"])
    labels = []
    for size in told["sizes"].values():
        # Every code of the domain is known to the encoder, whether a row has it or not.
        label = LabelTransformer(nullable=False)
        label.fit([str(code) for code in range(size)])
        labels.append(ChainTransformer([label]))
    model.fit(table.astype(str), transformer=TableTransformer(labels), preprocessor_eps=0.0)
    return model


def sample(model, job):
    return model.sample(job.rows).astype(int)


if __name__ == "__main__":
    stopwatch.run(fit, sample, "smartnoise-synth")
