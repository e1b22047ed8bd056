"""A reply token by token, as it is written: for a person who waits for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trasunto.data.dialogues import Turn
from trasunto.language.continuation import empty_memory
from trasunto.language.decoder.decoder import Decoder
from trasunto.language.generate import prompt_tokens
from trasunto.language.tasks.responder import Responder, prompt_for


def streamed(model: Responder, turns: Sequence[Turn], *, seed: int = 0, temperature: float = 0.0) -> Iterator[str]:
    """The pieces of what the model says next. turns: of the dialogue so far, the user's last.

    A model that does not write token by token gives its answer as one piece. temperature: 0 takes the likeliest token.
    """
    if not isinstance(model.way, Decoder):
        yield model.answer([turns], seed=seed)[0]
        return
    import torch

    decoder = model.way
    if model.task == "generation":
        prompt = "".join(turn.content for turn in turns[-1:])
    else:
        prompt = prompt_for(decoder, turns, model.settings.answer)
    tokens = prompt_tokens(decoder.tokenizer, prompt) or [decoder.tokenizer.eos_token_id]
    device = next(decoder.network.parameters()).device
    draws = torch.Generator().manual_seed(seed)
    shown = torch.tensor([tokens], device=device)
    memory = empty_memory(decoder.network)
    written: list[int] = []
    said = ""
    for _ in range(model.settings.answer):
        with torch.inference_mode():
            found = decoder.network(input_ids=shown, use_cache=True, logits_to_keep=1, **memory)
        logits = found.logits[0, -1].float().cpu()
        if temperature > 0:
            token = int(torch.multinomial(torch.softmax(logits / temperature, 0), 1, generator=draws))
        else:
            token = int(logits.argmax())
        if token == decoder.tokenizer.eos_token_id:
            return
        written.append(token)
        shown = torch.tensor([[token]], device=device)
        text = decoder.tokenizer.decode(written, skip_special_tokens=True)
        # A letter of several bytes may not be whole yet.
        if not text.endswith("\ufffd") and len(text) > len(said):
            piece = text[len(said) :]
            yield piece if said else piece.lstrip()
            said = text
