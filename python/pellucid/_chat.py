"""Messages of a conversation as prompts, through the model's chat template."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from pellucid import _native
from pellucid._location import here
from pellucid.errors import fault

Message: TypeAlias = Mapping[str, Any]
"""`{"role": "user", "content": "Hello"}`; templates may read more keys."""
Messages: TypeAlias = Sequence[Message] | Sequence[Sequence[Message]]
"""A conversation, or several."""


def rendered(
    model: _native.Model,
    messages: Sequence[Message],
    *,
    add_generation_prompt: bool,
    continue_final_message: bool,
    template: str | None,
    variables: dict[str, Any],
) -> str:
    """The text of one conversation."""
    if add_generation_prompt and continue_final_message:
        message = "an answer cannot be begun and the last message be continued"
        help = "give one of `add_generation_prompt` and `continue_final_message`"
        raise fault("bad-argument", message, help)
    now = int(time.time())
    return model.chat(
        _json(messages, "messages"),
        add_generation_prompt,
        continue_final_message,
        template,
        _json(variables, "variables") if variables else "",
        (now, time.localtime(now).tm_gmtoff),
        here(),
    )


def prompt(
    model: _native.Model, prompt: Any, messages: Messages | None, add_generation_prompt: bool
) -> Any:
    """The prompt, or the token ids of messages given instead; special tokens are the template's."""
    if messages is None:
        if not add_generation_prompt:
            message = "`add_generation_prompt` has no meaning without `messages`"
            raise fault("bad-argument", message, "give a conversation, or leave it out")
        return prompt
    if prompt is not None:
        raise fault("bad-argument", "both a prompt and `messages` are given", "give one of them")
    several: Any = [messages] if is_single(messages) else messages
    texts = [
        rendered(
            model,
            one,
            add_generation_prompt=add_generation_prompt,
            continue_final_message=False,
            template=None,
            variables={},
        )
        for one in several
    ]
    ids = [model.encode(text, False) for text in texts]
    return ids if several is messages else ids[0]


def is_single(messages: Messages) -> bool:
    """Whether these are the messages of one conversation."""
    return all(isinstance(item, Mapping) for item in messages)


def _json(value: Any, what: str) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        message = f"{what} must be made of lists, dicts, text, numbers and bools: {error}"
        help = "a tool is the JSON schema of a function"
        raise fault("bad-argument", message, help) from None
