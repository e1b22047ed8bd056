"""Processes that train together get the model of one."""

import json
import subprocess
import sys

import numpy as np
import pytest

from trasunto.cli.main import trasunto
from trasunto.errors import FitError
from trasunto.executors import Processes, executing
from trasunto.language.decoder.decoder import load_decoder_model
from trasunto.language.decoder.settings import DecoderSettings, Example
from trasunto.language.decoder.train import train_decoder

torch = pytest.importorskip("torch")
EXAMPLES = [Example.of("it:", f" was {'dark' if i % 3 else 'light'} and number {i % 7}") for i in range(60)]
SMALL = {"width": 16, "layers": 1, "heads": 2, "vocabulary": 300, "longest": 64, "batch_tokens": 256}


def test_two_processes_get_the_model_of_one():
    settings = DecoderSettings("scratch", epochs=2, precision="float32", **SMALL)
    alone = train_decoder(EXAMPLES, settings=settings, seed=0)
    with executing(Processes(2)):
        both = train_decoder(EXAMPLES, settings=settings, seed=0)
        more = train_decoder(EXAMPLES, settings=settings, seed=1, start=both)
    assert both.facts["processes"] == 2 and both.facts["steps"] == alone.facts["steps"]
    for key in ("training loss", "validation loss"):
        assert np.allclose(both.facts["curves"][key], alone.facts["curves"][key], atol=1e-4)
    for one, other in zip(alone.network.parameters(), both.network.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-4)
    assert more.facts["curves"]["training loss"][0] < both.facts["curves"]["training loss"][0]


def test_the_command_trains_under_torchrun(tmp_path):
    lines = "\n".join(f"The room {i} was {('dark', 'light', 'cold')[i % 3]} that day" for i in range(48))
    (tmp_path / "texts.csv").write_text(f"text\n{lines}\n", encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "trasunto"]
    command += ["train", str(tmp_path / "texts.csv"), "--task", "generation", "-o", str(tmp_path / "lm")]
    command += ["--set", "method=scratch", "--set", "epochs=1", "--shard"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("Trained on") == 1
    (document,) = (tmp_path / "lm").rglob("decoder.json")
    told = json.loads(document.read_text(encoding="utf-8"))
    assert told["facts"]["processes"] == 2 and told["settings"]["shard"]
    assert load_decoder_model(document.parent).losses(EXAMPLES[:2])[0].max() < 10


def test_one_process_does_not_share_out_a_network(tmp_path):
    with pytest.raises(FitError, match=r"one process.*torchrun"):
        train_decoder(EXAMPLES, settings=DecoderSettings("scratch", shard=True, **SMALL))
    with pytest.raises(FitError, match="one process"):
        trasunto.main(
            ["train", str(tmp_path / "none.csv"), "--task", "chat", "--shard", "-o", "x"], standalone_mode=False
        )
    with executing(Processes(1)), pytest.raises(FitError, match="one process"):
        train_decoder(EXAMPLES, settings=DecoderSettings("scratch", shard=True, **SMALL))


@pytest.mark.parametrize(("settings", "said"), [({"compile": True}, "compiled"), ({"method": "qlora"}, "4 bits")])
def test_what_cannot_be_shared_out_is_told(settings, said):
    with pytest.raises(FitError, match=said):
        DecoderSettings(shard=True, **settings)
