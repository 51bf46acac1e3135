"""Prompts become the ids that `transformers` makes of the same folder, wherever it names padding and added tokens."""

import json
from pathlib import Path

import pytest
from transformers import CLIPTokenizer

from wuerstchen.evaluation.diffusers_networks import tokeniser
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.tokenizer import FastTokenizer, read_tokenizer

PROMPTS = (
    "",
    "red cat!",
    "a !!! cat ! <mine> dog<mine>",
    "<|ENDOFTEXT|> red <|endoftext|>cat",
    "Mine mine <MINE>",
    "  RED  cat<two>",
)
BANG = {"content": "!", "lstrip": False, "rstrip": False, "normalized": False, "single_word": False}
MINE = {
    "content": "<mine>",
    "lstrip": True,
    "rstrip": False,
    "normalized": True,
    "single_word": False,
    "special": False,
}
# Content of tokenizer_config.json, special_tokens_map.json and added_tokens.json, as releases old and new write them.
FOLDERS: dict[str, tuple[dict, dict, dict]] = {
    "padding in the configuration": ({"pad_token": "!"}, {}, {}),
    "padding only in the map": ({}, {"pad_token": "!"}, {}),
    "the map before the configuration": ({"pad_token": "c"}, {"pad_token": BANG}, {}),
    "the configuration's list before the map": (
        {"added_tokens_decoder": {"0": BANG}, "pad_token": "<|endoftext|>"},
        {"pad_token": "!"},
        {},
    ),
    "an added token in the list": ({"added_tokens_decoder": {"521": MINE}}, {}, {}),
    "an added token in a file of its own": ({}, {"pad_token": "!"}, {"<mine>": 521, "<two>": 522}),
    "further special tokens in the map": ({}, {"additional_special_tokens": ["<mine>", "<two>"]}, {}),
    "the ends with normalisation": (
        {"eos_token": {**BANG, "__type": "AddedToken", "content": "<|endoftext|>", "normalized": True}},
        {},
        {},
    ),
}


def write(folder: Path, config: dict, special: dict, added: dict, whole: bool = False) -> Path:
    """A tokenizer's folder: vocab.json and merges.txt, or `whole` tokenizer.json."""
    tokeniser().save_pretrained(folder)
    if not whole:
        model = json.loads((folder / "tokenizer.json").read_text())["model"]
        (folder / "vocab.json").write_text(json.dumps(model["vocab"]))
        (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *(" ".join(pair) for pair in model["merges"])]))
        (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 77, **config}))
    for name, content in (("special_tokens_map.json", special), ("added_tokens.json", added)):
        if content:
            (folder / name).write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("name", FOLDERS)
def test_a_prompt_has_the_ids_and_the_padding_of_transformers(name: str, whole: bool, tmp_path: Path) -> None:
    folder = write(tmp_path, *FOLDERS[name], whole=whole)
    theirs, ours = CLIPTokenizer.from_pretrained(folder), read_tokenizer(folder)
    built = FastTokenizer.from_str(ours.json)
    assert (ours.pad, ours.tokens) == (theirs.pad_token_id, len(theirs))
    for prompt in PROMPTS:
        assert built.encode(prompt).ids == theirs(prompt).input_ids, prompt
    assert {folder / "special_tokens_map.json"} & set(folder.iterdir()) <= set(ours.files)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"padding_side": "left"}, "padding_side is 'left'; only 'right' is supported"),
        ({"bos_token": "<s>"}, r"bos_token is '<s>'; only '<\|startoftext\|>' is supported"),
        ({"add_eos_token": False}, "add_eos_token is False"),
        ({"tokenizer_class": "T5Tokenizer"}, "tokenizer_class is 'T5Tokenizer'"),
    ],
)
def test_a_setting_that_would_read_prompts_in_another_way_is_refused(
    config: dict, message: str, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match=message):
        read_tokenizer(write(tmp_path, config, {}, {}))
