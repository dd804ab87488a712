"""Text in and out: messages, tokens with their places, positions of words, padding."""

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl

TINY = Path(__file__).resolve().parents[1] / "fixtures" / "tiny"
TEMPLATE = (
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)
HELLO = [{"role": "user", "content": "Hello, Eiffel Tower"}]


@pytest.fixture(scope="module")
def chatty(tmp_path_factory: pytest.TempPathFactory) -> pl.LanguageModel:
    """A tiny model that has a chat template."""
    folder = tmp_path_factory.mktemp("models") / "chatty"
    folder.mkdir()
    for file in (TINY / "llama").iterdir():
        if file.name != "golden.safetensors":
            (folder / file.name).symlink_to(file)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return pl.LanguageModel(folder)


def test_messages_are_prompts(chatty: pl.LanguageModel) -> None:
    text = "user: Hello, Eiffel Tower\nassistant:"
    apply = chatty.tokenizer.apply_chat_template
    assert chatty.tokenizer.chat_template == TEMPLATE
    assert apply(HELLO, add_generation_prompt=True, tokenize=False) == text
    ids = chatty.tokenizer.encode(text, add_special_tokens=False)
    assert apply(HELLO, add_generation_prompt=True) == ids
    assert apply([HELLO, HELLO], add_generation_prompt=True) == [ids, ids]
    assert "".join(chatty.tokens(messages=HELLO)) == text
    with chatty.trace(messages=HELLO):
        logits = chatty.unembed.output.save()
    with chatty.trace(ids):
        expected = chatty.unembed.output.save()
    np.testing.assert_array_equal(logits, expected)
    with chatty.trace() as tracer:
        with tracer.invoke(messages=HELLO, add_generation_prompt=False):
            shorter = chatty.unembed.output.save()
        with tracer.invoke(messages=[HELLO, HELLO]):
            both = chatty.unembed.output.save()
    n = len(apply(HELLO))
    assert (shorter.shape[:2], both.shape[:2]) == ((1, n), (2, len(ids)))


def test_templates_and_their_variables(chatty: pl.LanguageModel) -> None:
    def text(template: str, **variables: Any) -> str:
        made = chatty.tokenizer.apply_chat_template(
            HELLO, chat_template=template, tokenize=False, **variables
        )
        assert isinstance(made, str)
        return made

    assert text("{{ x }}{{ eos_token }}", x=[1, None]) == "[1, None]<|endoftext|>"
    assert text("{{ tools | tojson }}", tools=[{"b": 1, "a": "é"}]) == '[{"b": 1, "a": "é"}]'
    assert text("{{ strftime_now('%Y') }}") in {str(datetime.date.today().year)}
    answer = [*HELLO, {"role": "assistant", "content": "Sure, "}]
    apply = chatty.tokenizer.apply_chat_template
    open_text = apply(answer, continue_final_message=True, tokenize=False)
    assert open_text.endswith("assistant: Sure, ")


def test_messages_that_cannot_be_read(llama: pl.LanguageModel, chatty: pl.LanguageModel) -> None:
    with pytest.raises(pl.PromptError, match="the model has no chat template") as error:
        llama.trace(messages=HELLO)
    assert error.value.code == "no-chat-template"
    assert error.value.file == __file__
    refuse = "{{ raise_exception('only one turn') }}"
    with pytest.raises(pl.PromptError, match="fails on line 1: only one turn"):
        chatty.tokenizer.apply_chat_template(HELLO, chat_template=refuse)
    with pytest.raises(pl.PromptError, match="the conversation is empty"):
        chatty.trace(messages=[])
    with pytest.raises(pl.ArgumentError, match="both a prompt and `messages`"):
        chatty.trace("x", messages=HELLO)
    with pytest.raises(pl.ArgumentError, match="an answer cannot be begun"):
        chatty.tokenizer.apply_chat_template(
            HELLO, add_generation_prompt=True, continue_final_message=True
        )
    with pytest.raises(pl.ArgumentError, match="variables must be made of lists"):
        chatty.tokenizer.apply_chat_template(HELLO, tools=[len])


def test_tokens_with_their_places(llama: pl.LanguageModel) -> None:
    text = "naïve 🚀 x"
    made = llama.tokenizer(text)
    assert made.ids == made["input_ids"] == llama.tokenizer.encode(text)
    assert len(made) == len(made.offsets) == len(made.pieces) == len(made["attention_mask"])
    assert made.offsets[-1] == (len(text) - 1, len(text))
    rocket = [i for i, (a, b) in enumerate(made.offsets) if a == text.index("🚀") and b == a + 1]
    assert "".join(made.pieces[i] for i in rocket) == r"\xF0\x9F\x9A\x80"
    assert llama.positions(text, "🚀") == rocket
    assert dict(made) == {
        "input_ids": made.ids,
        "attention_mask": [1] * len(made),
        "offset_mapping": made.offsets,
    }
    page = made._repr_html_()
    assert str(made.ids[0]) in page
    assert "<script" not in llama.tokenizer("<script>")._repr_html_()


def test_padding(llama: pl.LanguageModel) -> None:
    texts = ["a", "a longer one"]
    tokenizer = llama.tokenizer
    assert (tokenizer.padding_side, tokenizer.pad_token_id) == ("left", 383)
    assert tokenizer.special_tokens["eos_token"] == "<|endoftext|>"
    made = tokenizer(texts, padding=True)
    n = len(made.ids[1])
    assert made.ids[0] == [383] * (n - 1) + tokenizer.encode("a")
    assert made.mask == [[0] * (n - 1) + [1], [1] * n]
    right = tokenizer(texts, padding="max_length", max_length=20, padding_side="right")
    assert [len(ids) for ids in right.ids] == [20, 20]
    assert right.mask[0] == [1] + [0] * 19
    with llama.trace(right):
        padded = llama.unembed.output[:, -1].save()
    with llama.trace(texts):
        plain = llama.unembed.output[:, -1].save()
    np.testing.assert_array_equal(padded, plain)
    as_arrays = {"input_ids": np.array(right.ids), "attention_mask": np.array(right.mask)}
    with llama.trace(as_arrays):
        arrays = llama.unembed.output[:, -1].save()
    np.testing.assert_array_equal(arrays, plain)
    with pytest.raises(pl.ArgumentError, match="`padding_side` is `left` or `right`, not `top`"):
        tokenizer(texts, padding=True, padding_side="top")
    with pytest.raises(pl.ArgumentError, match="go together"):
        tokenizer(texts, padding="max_length")
    with pytest.raises(pl.PromptError, match="differ in shape"):
        llama.trace({"input_ids": [[1, 2]], "attention_mask": [[1]]}).__enter__()


def test_a_tokenizer_without_pad_token(tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (tmp_path / name).symlink_to(TINY / "llama" / name)
    model = pl.LanguageModel(tmp_path)
    assert model.tokenizer.pad_token_id is None
    with pytest.raises(pl.ArgumentError, match="the tokenizer has no `pad_token`"):
        model.tokenizer(["a", "b c"], padding=True)


def test_positions(llama: pl.LanguageModel, chatty: pl.LanguageModel) -> None:
    prompt = "The Eiffel Tower is not the Tower of London"

    def spelled(where: list[int]) -> str:
        return "".join(np.array(llama.tokens(prompt))[where])

    assert spelled(llama.positions(prompt, "Eiffel")).strip() == "Eiffel"
    assert spelled(llama.positions(prompt, "Tower", which=-1)).strip() == "Tower"
    first, last = (llama.positions(prompt, "Tower", which=i) for i in (0, 1))
    assert first[-1] < last[0]
    ids = llama.tokenizer.encode(prompt)
    assert llama.positions(ids, "Eiffel") == llama.positions(prompt, "Eiffel")
    where = chatty.positions(text="Eiffel Tower", messages=HELLO)
    tokens = chatty.tokens(messages=HELLO)
    assert "".join(tokens[i] for i in where).strip() == "Eiffel Tower"
    assert where == list(range(where[0], where[-1] + 1))
    with pytest.raises(pl.ArgumentError, match="`Tower` is in the prompt 2 times") as error:
        llama.positions(prompt, "Tower")
    assert error.value.file == __file__
    with pytest.raises(pl.ArgumentError, match="`Paris` is not in the prompt"):
        llama.positions(prompt, "Paris")
    with pytest.raises(pl.ArgumentError, match="there is no number 5"):
        llama.positions(prompt, "Tower", which=5)
    with pytest.raises(pl.ArgumentError, match="positions are those of one prompt"):
        llama.positions([prompt, prompt], "Tower")


def test_a_tokenizers_keywords(llama: pl.LanguageModel) -> None:
    def logits(*args: Any, **keywords: Any) -> np.ndarray:
        with llama.trace(*args, **keywords):
            out = llama.lm_head.output[:, -1].save()
        return out.numpy()

    expected = logits([[5, 6, 7], [8, 9]])
    ids, mask = np.array([[5, 6, 7], [0, 8, 9]]), np.array([[1, 1, 1], [0, 1, 1]])
    np.testing.assert_array_equal(logits(input_ids=ids, attention_mask=mask), expected)
    np.testing.assert_array_equal(logits(ids, attention_mask=mask), expected)
    right = {"input_ids": [[5, 6, 7], [8, 9, 0]], "attention_mask": [[1, 1, 1], [1, 1, 0]]}
    np.testing.assert_array_equal(logits(right | {"token_type_ids": ids * 0}), expected)
    with llama.trace() as tracer, tracer.invoke(input_ids=[8, 9], attention_mask=[1, 1]):
        out = llama.lm_head.output[:, -1].save()
    np.testing.assert_array_equal(out.numpy(), expected[1:])
    with llama.scan(input_ids=ids, attention_mask=mask):
        assert llama.lm_head.output.shape == (2, 3, 384)


KEYWORDS = [
    ({"prompt": [1], "input_ids": [1]}, "both a prompt and `input_ids` are given"),
    ({"prompt": "Hello", "attention_mask": [1]}, "no meaning without token ids"),
    ({"input_ids": [1, 2, 3], "attention_mask": [1, 0, 1]}, "is 0 at position 1, between tokens"),
    ({"input_ids": [1, 2, 3], "attention_mask": [1, 1]}, "differ in shape"),
    ({"input_ids": [1, 2], "attention_mask": [0, 0]}, "has no tokens"),
    ({"prompt": {"input_ids": [1, 2], "position_ids": [0, 5]}}, "`position_ids` of a prompt"),
    ({"prompt": {"input_ids": [1, 2], "token_type_ids": [0, 1]}}, "`token_type_ids` other than 0"),
]


@pytest.mark.parametrize(("keywords", "message"), KEYWORDS)
def test_keywords_that_would_be_ignored(
    keywords: dict[str, Any], message: str, llama: pl.LanguageModel
) -> None:
    with pytest.raises(pl.PellucidError, match=message) as raised, llama.trace(**keywords):
        raise AssertionError("the block must not be entered")
    assert raised.value.file == __file__
