from __future__ import annotations

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import json_option, say_json

FORMS = ("huggingface", "adapter", "gguf", "onnx")


@click.command("export")
@click.argument("lm")
@click.option("--to", "form", type=click.Choice(FORMS), default="huggingface", show_default=True, help="The form.")
@click.option(
    "-o", "--output", required=True, metavar="DIR", help="Folder to write; one that stands there is replaced."
)
@click.option(
    "--weights", type=click.Choice(["Q8_0", "F16"]), default="Q8_0", show_default=True, help="Of gguf: 8 or 16 bits."
)
@json_option
def command(lm: str, form: str, output: str, weights: str, as_json: bool) -> int:
    """Export a trained language model for other programs, with a model card.

    \b
    huggingface  safetensors, tokenizer, chat template; a classifier as sentence-transformers with a linear layer
    adapter      the LoRA adapter alone, as peft reads it
    gguf         one file for llama.cpp and Ollama
    onnx         a classifier for ONNX Runtime; needs pip install "trasunto[onnx]"

    \b
    Examples:
      trasunto export bot -o bot-hf
      trasunto export bot --to gguf --weights F16 -o bot-gguf
      trasunto export filter --to onnx -o filter-onnx
    """
    from trasunto.language.export import export
    from trasunto.language.tasks.stored import load_language_model

    found = export(load_language_model(lm), form, output, weights=weights)
    if as_json:
        say_json({"form": found.form, "folder": output, "files": dict(found.files), "use": found.use})
        return DONE
    size = sum(found.files.values()) / 1e6
    click.echo(f"Wrote {len(found.files)} files, {size:,.1f} MB, and a README to {output}. To use them: {found.use}")
    return DONE
