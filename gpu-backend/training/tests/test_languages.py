import dataclasses
import json
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from wuerstchen.config import load_config
from wuerstchen.languages import distil
from wuerstchen.languages.arrangements import arranged_pairs, is_held_out
from wuerstchen.languages.extension import load_text_encoder, save_rows, save_tokenizer, with_rows
from wuerstchen.languages.lexicon import Lexicon, coloured_nouns, load_lexicon, training_pairs
from wuerstchen.languages.samples import summaries_of, summarise
from wuerstchen.languages.vocabulary import Vocabulary, common_letters, extend_tokenizer, tokenizer_of
from wuerstchen.models.emoji_words import emoji_to_words
from wuerstchen.models.text_encoder import TextEncoder
from wuerstchen.training.loop import StageRun, train
from wuerstchen.training.sources import text_encoder_directory

CONFIGS = Path(__file__).parent.parent / "configs"
CONFIG = load_config(CONFIGS / "emoji-128.toml")
ENGLISH = [
    "red apple, 3D",
    "flag of Åland Islands, noto",
    "Café au lait: naïve façade!",
    "unbelievably-long_compound/words & punctuation… (really?)",
    "😀 grinning 👩‍🚀 astronaut",
    "",
]


@pytest.fixture(scope="module")
def english() -> TextEncoder:
    return TextEncoder.load(text_encoder_directory())


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load_lexicon(CONFIGS / "languages", "ja")


@pytest.fixture(scope="module")
def vocabulary(lexicon: Lexicon) -> Vocabulary:
    return extend_tokenizer(json.loads((text_encoder_directory() / "tokenizer.json").read_text()), lexicon, 30522)


def small(lexicon: Lexicon) -> Lexicon:
    """Forty names and some coloured nouns: enough for a few steps."""
    colours, nouns = lexicon.colours[:2], lexicon.nouns[:30]
    spellings = {english: lexicon.spellings[english] for english in (*nouns, *colours)}
    return dataclasses.replace(
        lexicon, spellings=spellings, colours=colours, nouns=nouns, names=lexicon.names[500:540], words=()
    )


def test_english_tokens_are_what_they_were(english: TextEncoder, lexicon: Lexicon, vocabulary: Vocabulary) -> None:
    texts = [
        *ENGLISH,
        *(pair.english for pair in training_pairs(lexicon, 0, arranged_pairs(lexicon)[0])),
        *(path.read_text() for path in CONFIGS.glob("*.toml")),
    ]
    extended = tokenizer_of(vocabulary.tokenizer)
    read = [emoji_to_words(text, extended) for text in texts]
    assert [encoding.ids for encoding in extended.encode_batch(read)] == english.tokenise(texts, 100_000)


def test_english_states_are_bit_equal(english: TextEncoder, vocabulary: Vocabulary, tmp_path: Path) -> None:
    save_tokenizer(tmp_path, "ja", vocabulary.tokenizer)
    save_rows(tmp_path, "ja", torch.randn(vocabulary.count, 384))
    for before, after in zip(
        english.encode_texts(ENGLISH, 32), load_text_encoder(tmp_path).encode_texts(ENGLISH, 32), strict=True
    ):
        assert (before == after).all()


def test_rows_of_another_vocabulary_are_not_trained_on(vocabulary: Vocabulary, tmp_path: Path) -> None:
    save_tokenizer(tmp_path, "ja", {"other": 1})
    with pytest.raises(ValueError, match="delete"):
        save_tokenizer(tmp_path, "ja", vocabulary.tokenizer)


def test_without_a_language_the_encoder_is_the_published_one(english: TextEncoder, tmp_path: Path) -> None:
    assert torch.equal(load_text_encoder(tmp_path).words.weight, english.words.weight)


def test_no_text_to_learn_from_has_an_unknown_token(lexicon: Lexicon, vocabulary: Vocabulary) -> None:
    for table in (vocabulary.tokenizer, vocabulary.letters):
        texts = [pair.text for pair in training_pairs(lexicon, 0, arranged_pairs(lexicon)[0])]
        encodings = tokenizer_of(table).encode_batch(texts)
        assert not any("[UNK]" in encoding.tokens or 100 in encoding.ids for encoding in encodings)


def test_spellings_share_a_token_wherever_they_stand(vocabulary: Vocabulary) -> None:
    tokenizer = tokenizer_of(vocabulary.tokenizer)
    assert tokenizer.encode("青い犬").ids == tokenizer.encode("青色の イヌ").ids
    assert tokenizer.encode("犬、3D").ids == tokenizer.encode("いぬ, 3d").ids
    assert tokenizer.encode("消防車").tokens == ["[CLS]", "消防車", "[SEP]"]


def test_a_letter_that_no_text_has_leaves_its_neighbours_known(vocabulary: Vocabulary) -> None:
    stranger = next(letter for letter in common_letters() if letter not in vocabulary.ids)
    assert tokenizer_of(vocabulary.tokenizer).encode(f"{stranger}犬").ids == [101, 100, vocabulary.ids["犬"], 102]


def test_held_out_combinations_are_in_no_training_text(lexicon: Lexicon) -> None:
    shown = {pair.text for pair in training_pairs(lexicon, 0)}
    unseen = coloured_nouns(lexicon)[1]
    assert len(unseen) > 300
    assert not any(pair.text in shown for pair in unseen)


def test_an_arrangement_says_in_english_what_captions_say(lexicon: Lexicon) -> None:
    few = dataclasses.replace(lexicon, nouns=("dog", "apple", "cherry blossom"), names=())
    said = {(pair.text, pair.english) for part in arranged_pairs(few) for pair in part}
    assert {("犬をかぶったリンゴ", "apple with a dog"), ("三つのいぬ", "three dogs")} <= said
    english = {meaning for _, meaning in said}
    assert "dog with an apple on it" in english
    assert "big cherry blossom and small apple" in english
    assert not any(re.search(r"\ba [aeio]|[{}]", meaning) for meaning in english)


def test_no_arrangement_shows_a_held_out_pair_of_things(lexicon: Lexicon) -> None:
    learned, unseen = arranged_pairs(lexicon)
    assert len(unseen) > 150
    assert not {pair.text for pair in unseen} & {pair.text for pair in learned}
    assert is_held_out("dog", "crown") == is_held_out("crown", "dog")


def test_a_summary_leaves_out_padding() -> None:
    states, mask = torch.arange(12.0).reshape(1, 6, 2), torch.tensor([[1, 1, 1, 1, 0]])
    assert summarise(states, mask)[0].tolist() == [[0, 1], [2, 3], [8, 9], [5, 6]]


def narrow(english: TextEncoder) -> TextEncoder:
    """The same words through a single layer: as fast as a test must be."""
    encoder = TextEncoder(1, 512, 384, 12, 1536, 1)
    encoder.load_state_dict({**english.state_dict(), "words.weight": torch.zeros(1, 384)}, strict=False)
    encoder.words, encoder.tokenizer = nn.Embedding.from_pretrained(english.words.weight), english.tokenizer
    return encoder.eval().requires_grad_(False)


def train_rows(steps: int, run: StageRun, first: torch.Tensor, directory: Path) -> torch.Tensor:
    """The rows after `steps` steps in all."""
    with torch.no_grad():
        run.modules["words"].added.copy_(first)
    assert train(run, dataclasses.replace(distil.PLAN, steps=steps, decay_steps=1, ema_decay=0.0), directory)
    return torch.load(directory / "text-ja.pt", weights_only=True)["words.added"]


def test_learning_brings_texts_nearer_to_their_meaning_and_resumes(
    english: TextEncoder, lexicon: Lexicon, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    few, encoder = small(lexicon), narrow(english)
    run = distil.text_run(CONFIG, "ja", few, vocabulary, encoder)
    first = run.modules["words"].added.detach().clone()
    whole = train_rows(30, run, first, tmp_path / "whole")
    train_rows(10, run, first, tmp_path / "resumed")
    assert torch.equal(train_rows(30, run, first, tmp_path / "resumed"), whole)
    wanted, distances = summaries_of(encoder, [pair.english for pair in few.names], 32), []
    for rows in (first, whole):
        reader = with_rows(narrow(english), rows, tokenizer_of(vocabulary.tokenizer))
        distances.append((summaries_of(reader, [pair.text for pair in few.names], 32) - wanted).square().mean())
    assert distances[1] < 0.7 * distances[0]
    assert torch.equal(encoder.words.weight, english.words.weight)
