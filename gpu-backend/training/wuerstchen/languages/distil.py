"""Knowledge distillation into new word rows, after Reimers and Gurevych (2020): a text must give the states of its
meaning in English.

Stage C was trained on the English states, so all that is trained is the embedding of words that English text does not
have.
"""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.config import Config, OptimiserConfig
from wuerstchen.languages.arrangements import arranged_pairs
from wuerstchen.languages.extension import ExtendedWords, with_rows
from wuerstchen.languages.first_rows import first_rows
from wuerstchen.languages.lexicon import Lexicon, single_concepts, training_pairs
from wuerstchen.languages.measure import retrievals
from wuerstchen.languages.samples import make_samples, summarise
from wuerstchen.languages.vocabulary import Vocabulary, tokenizer_of
from wuerstchen.models.text_encoder import TextEncoder
from wuerstchen.training.data import batch_rng
from wuerstchen.training.distributed import Share, training_device
from wuerstchen.training.loop import StageRun

PLAN = OptimiserConfig(
    steps=600,
    batch=128,
    learning_rate=2.5e-3,
    warmup_steps=50,
    decay_steps=450,
    weight_decay=0.0,
    ema_decay=0.98,
    crop_pixels=0,
    full_picture_steps=0,
    precision="bfloat16",
)
EVALUATE_EVERY_STEPS = 300
# Stage C reads the pooled state in every block and the others as keys and values: pooled, [CLS], [SEP], mean of the
# rest.
PART_WEIGHTS = (1.0, 0.25, 0.25, 0.5)
CONTRAST_WEIGHT, CONTRAST_TEMPERATURE = 0.1, 0.05


def text_run(config: Config, language: str, lexicon: Lexicon, vocabulary: Vocabulary, english: TextEncoder) -> StageRun:
    """Trains `vocabulary.count` rows; `english` is left as it is."""
    tokenizer, letters, tokens_max = (
        tokenizer_of(vocabulary.tokenizer),
        tokenizer_of(vocabulary.letters),
        config.text.tokens_max,
    )
    arranged = arranged_pairs(lexicon)[0]
    whole = [(pair, tokenizer) for pair in training_pairs(lexicon, config.seed, arranged)]
    cut = [(pair, letters) for pair in single_concepts(lexicon)]
    # Letters are learned as well, for words that the vocabulary lacks; but one that is a word keeps its meaning:
    # 犬 is a dog.
    words = {spelling for spellings in lexicon.spellings.values() for spelling in spellings}
    samples = make_samples([*whole, *(text for text in cut if not words & set(text[0].text))], english, tokens_max)
    spread = (
        (samples.targets - samples.targets.mean(0)).square().mean((0, 2))
    )  # (4,): a loss of 1 is the error of knowing nothing
    student = copy.deepcopy(english).to(training_device())
    added = nn.Parameter(first_rows([*whole, *cut], english, vocabulary))
    student.words = ExtendedWords(english.words.weight, added)
    modules = nn.ModuleDict({"words": student.words})

    def loss(step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        numbers = share.take(samples.draw(PLAN.batch, batch_rng(config.seed + 5, step)[0]))
        ids, mask = (share.place(tensor) for tensor in samples.batch(numbers))
        made = summarise(student(ids, mask), mask).float()
        meanings = torch.from_numpy(samples.meanings[numbers])
        wanted = share.place(samples.targets[meanings])
        parts = (made - wanted).square().mean((0, 2)) / share.place(spread)
        contrast = contrastive_loss(made[:, 0], wanted[:, 0], share.place(meanings))
        total = (parts * share.place(torch.tensor(PART_WEIGHTS))).sum() + CONTRAST_WEIGHT * contrast
        return total, {"pooled": parts[0].item(), "contrast": contrast.item()}

    measured = retrievals(lexicon, english, tokens_max)

    def evaluate(step: int) -> dict[str, float]:
        reader = with_rows(copy.deepcopy(english), added.detach().cpu(), tokenizer)
        return {name: retrieval.share(reader) for name, retrieval in measured.items()}

    return StageRun(f"text-{language}", modules, loss, evaluate, EVALUATE_EVERY_STEPS, seed=config.seed)


def contrastive_loss(made: Tensor, wanted: Tensor, meanings: Tensor) -> Tensor:
    """Each of (b, width) must be nearer to its own meaning than to the batch's others; the same meaning drawn twice
    is no other.
    """
    scores = F.normalize(made, dim=1) @ F.normalize(wanted, dim=1).T / CONTRAST_TEMPERATURE
    repeated = (meanings[:, None] == meanings[None]) & ~torch.eye(len(made), dtype=torch.bool, device=made.device)
    return F.cross_entropy(scores.masked_fill(repeated, -1e4), torch.arange(len(made), device=made.device))
