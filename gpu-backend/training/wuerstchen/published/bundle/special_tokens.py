"""The tokens of a CLIP tokenizer that are no result of merging: which there are and in which order they were added.

The places are those of `transformers` 5: tokenizer_config.json counts where it lists its added tokens, and else
special_tokens_map.json counts before it, with added_tokens.json and the list in tokenizer.json.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import AddedToken

from wuerstchen.published.bundle.architectures import read_json
from wuerstchen.published.bundle.checkpoint_error import at

START, END = "<|startoftext|>", "<|endoftext|>"
# In the order in which they are added: the last of two with one text says how it is matched.
NAMED = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
SOURCES = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
# What would cut, pad or frame a prompt in another way: name, the values that are read as they are here.
FIXED: dict[str, tuple[Any, ...]] = {
    "padding_side": ("right",),
    "truncation_side": ("right",),
    "add_bos_token": (True,),
    "add_eos_token": (True,),
    "split_special_tokens": (False,),
    "tokenizer_class": ("CLIPTokenizer", "CLIPTokenizerFast"),
}


@dataclass(frozen=True)
class SpecialTokens:
    """`added`: in the order in which they take ids, special ones among them. `config`: tokenizer_config.json."""

    added: tuple[AddedToken, ...]
    pad: str
    config: dict[str, Any]
    files: tuple[Path, ...]


def read_special_tokens(folder: Path) -> SpecialTokens:
    """Raises CheckpointError for a setting under which `transformers` would read prompts in a way unknown here."""
    files = {name: folder / name for name in SOURCES if (folder / name).is_file()}
    config, named_only, ids = (read_json(files[name]) if name in files else {} for name in SOURCES)
    for name, path, content in zip(
        SOURCES, (folder / name for name in SOURCES), (config, named_only, ids), strict=True
    ):
        if not isinstance(content, dict):
            raise at(path, f"is no {name}: it holds no object")
    for name, allowed in FIXED.items():
        if config.get(name, allowed[0]) not in allowed:
            raise at(folder / SOURCES[0], f"{name} is {config[name]!r}; only {allowed[0]!r} is supported")
    listed = config.get("added_tokens_decoder")
    if listed is not None:
        decoder = {int(number): _token(token) for number, token in listed.items()}
        named = NAMED | _set(config)
    else:
        named = NAMED | _set(config) | _set(named_only)
        special = {_text(token) for token in named.values()}
        decoder = {
            number: AddedToken(text, normalized=text not in special, special=text in special)
            for text, number in ids.items()
        }
        decoder |= _listed_in_tokenizer(folder / "tokenizer.json")
    for role, expected in (("bos_token", START), ("eos_token", END)):
        if _text(named[role]) != expected:
            raise at(folder, f"{role} is {_text(named[role])!r}; only {expected!r} is supported")
    added = [decoder[number] for number in sorted(decoder)]
    known = {token.content for token in added}
    further = [*named.values(), *_extra(config), *([] if listed is not None else _extra(named_only))]
    added += [_token(token, special=True) for token in further if _text(token) not in known]
    return SpecialTokens(tuple(added), _text(named["pad_token"]), config, tuple(files.values()))


def _set(source: dict[str, Any]) -> dict[str, Any]:
    return {role: source[role] for role in NAMED if source.get(role) is not None}


def _extra(source: dict[str, Any]) -> list[Any]:
    extra = source.get("extra_special_tokens", source.get("additional_special_tokens")) or []
    return list(extra.values()) if isinstance(extra, dict) else extra


def _listed_in_tokenizer(path: Path) -> dict[int, AddedToken]:
    if not path.is_file():
        return {}
    entries = read_json(path).get("added_tokens") or []
    return {entry["id"]: _token({name: value for name, value in entry.items() if name != "id"}) for entry in entries}


def _text(token: Any) -> str:
    """A token as it stands, or with its properties."""
    return token["content"] if isinstance(token, dict) else str(token)


def _token(token: Any, special: bool = False) -> AddedToken:
    """`special`: where nothing says so."""
    if not isinstance(token, dict):
        return AddedToken(token, special=special)
    properties = {name: value for name, value in token.items() if name != "__type"}
    return AddedToken(**(properties | ({"special": True} if special else {})))
