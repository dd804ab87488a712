"""Text to token ids and back, as the model was trained."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pellucid import _chat, _native
from pellucid._html import tokens as page
from pellucid._location import here
from pellucid.errors import fault

_FIELDS = {"input_ids": "ids", "attention_mask": "mask", "offset_mapping": "offsets"}


@dataclass(frozen=True)
class Encoding:
    """A prompt as tokens; of several prompts each field is a list with a list for each.

    It also reads as a dictionary with Hugging Face's keys `input_ids`, `attention_mask` and
    `offset_mapping`, and is itself a prompt: `model.trace(encoding)`.
    """

    ids: list[Any]
    """Token ids."""
    mask: list[Any]
    """1 for a token of the prompt, 0 for padding."""
    offsets: list[Any]
    """Where each token is in the text: first character, and the one after its last.

    Tokens that are not in the text are at `(0, 0)`; parts of one character share its place.
    """
    pieces: list[Any]
    """Each token by itself, as people read it."""

    def keys(self) -> Iterator[str]:
        """Hugging Face's names of the fields."""
        return iter(_FIELDS)

    def __getitem__(self, key: str) -> list[Any]:
        if key not in _FIELDS:
            raise KeyError(key)
        value: list[Any] = getattr(self, _FIELDS[key])
        return value

    def __len__(self) -> int:
        return len(self.ids)

    def _repr_html_(self) -> str:
        is_single = not self.ids or not isinstance(self.ids[0], list)
        rows = [(self.ids, self.pieces)] if is_single else zip(self.ids, self.pieces, strict=True)
        return page.html(rows)


class Tokenizer:
    """Text to token ids and back, as the model was trained."""

    def __init__(self, model: _native.Model) -> None:
        """Not for users: `model.tokenizer` is it."""
        self._model = model

    @functools.cached_property
    def _special(self) -> dict[str, tuple[str, int | None]]:
        return {role: (text, id) for role, text, id in self._model.special_tokens()}

    def __call__(
        self,
        text: str | Sequence[str],
        *,
        add_special_tokens: bool = True,
        padding: bool | str = False,
        max_length: int | None = None,
        padding_side: str | None = None,
    ) -> Encoding:
        """Tokens of a text, or of several, with their places in it.

        `padding=True` fills up to the longest text, `"max_length"` to `max_length`, with
        `pad_token` on the side that the model's files name. Prompts of a trace need none.
        """
        if padding not in (True, False, "longest", "max_length", "do_not_pad"):
            message = f"`padding` is a bool, `longest` or `max_length`, not `{padding}`"
            raise fault("bad-argument", message)
        if (padding == "max_length") != (max_length is not None):
            raise fault("bad-argument", '`max_length` and `padding="max_length"` go together')
        fill = None if padding in (False, "do_not_pad") else (padding_side, max_length)
        texts = [text] if isinstance(text, str) else list(text)
        rows = self._model.encodings(texts, add_special_tokens, fill, here())
        ids, masks, offsets, pieces = ([row[i] for row in rows] for i in range(4))
        several = Encoding(ids, [list(mask) for mask in masks], offsets, pieces)
        if not isinstance(text, str):
            return several
        return Encoding(several.ids[0], several.mask[0], several.offsets[0], several.pieces[0])

    @property
    def special_tokens(self) -> dict[str, str]:
        """Text of the tokens that have a role: `bos_token`, `eos_token`, `pad_token` ..."""
        return {role: text for role, (text, _) in self._special.items()}

    @property
    def bos_token_id(self) -> int | None:
        """The token that begins a text, whether or not `encode` adds it."""
        return self._id_of("bos_token")

    @property
    def eos_token_id(self) -> int | None:
        """The token that ends a text."""
        return self._id_of("eos_token")

    @property
    def pad_token_id(self) -> int | None:
        """The token that fills prompts up."""
        return self._id_of("pad_token")

    @property
    def unk_token_id(self) -> int | None:
        """The token for what no other token can write."""
        return self._id_of("unk_token")

    @property
    def padding_side(self) -> str:
        """The side on which shorter prompts are filled up, `left` or `right`."""
        return self._model.padding_side

    @property
    def chat_template(self) -> str | None:
        """The Jinja that messages are rendered with, if the model has one."""
        return self._model.chat_template

    def apply_chat_template(
        self,
        messages: _chat.Messages,
        *,
        add_generation_prompt: bool = False,
        continue_final_message: bool = False,
        tokenize: bool = True,
        tools: Sequence[Any] | None = None,
        documents: Sequence[Any] | None = None,
        chat_template: str | None = None,
        **variables: Any,
    ) -> Any:
        """Token ids of a conversation, or its text without `tokenize`; lists for several.

        `messages` are `{"role": "user", "content": "Hello"}` and so on. `add_generation_prompt`
        begins the answer; `continue_final_message` leaves the last message open. `tools` are JSON
        schemas; `chat_template` names another template of the model, or is one; `variables` are
        what else the template asks for.

        Raises `PromptError` when the model has no template, or it refuses the messages.
        """
        given = {"tools": tools, "documents": documents, **variables}
        several: Any = [messages] if _chat.is_single(messages) else messages
        texts = [
            _chat.rendered(
                self._model,
                one,
                add_generation_prompt=add_generation_prompt,
                continue_final_message=continue_final_message,
                template=chat_template,
                variables={name: value for name, value in given.items() if value is not None},
            )
            for one in several
        ]
        made = [self._model.encode(text, False) for text in texts] if tokenize else texts
        return made[0] if several is not messages else made

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        """The token ids of a text, with those that the model expects around it."""
        return self._model.encode(text, add_special_tokens)

    def id(self, text: str) -> int:
        """The id of a text that is one token, ` Paris` with its space say.

        Raises `ArgumentError` when it is none or several.
        """
        ids = self.encode(text, add_special_tokens=False)
        if len(ids) != 1:
            pieces = ", ".join(f"`{piece}`" for piece in self.pieces(ids))
            message = f"`{text}` is {len(ids)} tokens, not one: {pieces or 'nothing'}"
            raise fault("bad-argument", message, "`encode(text)` gives them all")
        return ids[0]

    def decode(self, ids: Any, *, skip_special_tokens: bool = False) -> str:
        """The text of token ids: one, a list, or an array."""
        return self._model.decode(_ids(ids), skip_special_tokens)

    def pieces(self, ids: Any) -> list[str]:
        """Each token by itself, as people read it."""
        return self._model.pieces(_ids(ids))

    def _id_of(self, role: str) -> int | None:
        return self._special.get(role, ("", None))[1]


def _ids(given: Any) -> list[int]:
    listed = given.tolist() if hasattr(given, "tolist") else given
    if hasattr(listed, "__index__"):
        return [int(listed)]
    return [int(token) for token in listed]
