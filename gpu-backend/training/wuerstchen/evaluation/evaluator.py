"""The judge of generated pictures: which of a hundred words does a picture show, in which style, and of which groups
that the set names?

A small network on frozen picture features and frozen MiniLM caption embeddings, trained on the real training pictures
alone, by matching each to its words (Radford et al. 2021). It sees neither a held-out nor a generated picture in
training. What it makes of real held-out pictures is the ceiling of what it can make of generated ones.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from rich.progress import track
from torch import Tensor, nn

from wuerstchen.evaluation.set_groups import Groups
from wuerstchen.training.data import PictureSet
from wuerstchen.training.loop import save_atomically
from wuerstchen.training.records import Record

WIDTH, HIDDEN = 256, 512
BATCH, EPOCHS = 512, 20
LEARNING_RATE, WEIGHT_DECAY, DROPOUT = 1e-3, 0.1, 0.3
SYNONYM_SHARE = 0.3
VIEW_SHARES = (0.45, 0.4, 0.15)  # grey pictures cannot teach colours, so they are few
NO_ANSWER = -1
STYLE = "style"
# Part of the name of the weights: another recipe is another judge.
RECIPE = "-".join(str(value) for value in (4, HIDDEN, WIDTH, BATCH, EPOCHS))


class Evaluator(nn.Module):
    """Picture features (b, f) and pooled text (b, w) to unit vectors (b, 256) of one space; plus classifiers of
    pictures. `classes`: how many each classifier tells apart, by its name.
    """

    def __init__(self, features_width: int, text_width: int, classes: dict[str, int]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features_width))
        self.register_buffer("deviation", torch.ones(features_width))
        self.picture = _mlp(features_width)
        self.text = _mlp(text_width)
        self.log_scale = nn.Parameter(torch.tensor(3.0))
        # By their numbers: torch allows no names that a set may choose.
        self.numbers = {name: number for number, name in enumerate(classes)}
        self.heads = nn.ModuleList(nn.Linear(features_width, count) for count in classes.values())

    def standardise(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.deviation

    def embed_pictures(self, features: Tensor) -> Tensor:
        return F.normalize(self.picture(self.standardise(features)), dim=1)

    def embed_text(self, text: Tensor) -> Tensor:
        return F.normalize(self.text(text), dim=1)

    @torch.no_grad()
    def similarity(self, features: np.ndarray, text: np.ndarray) -> np.ndarray:
        """(n, f) pictures and (m, w) texts to (n, m) cosines."""
        return (self.embed_pictures(torch.from_numpy(features)) @ self.embed_text(torch.from_numpy(text)).T).numpy()

    @torch.no_grad()
    def classify(self, head: str, features: np.ndarray) -> np.ndarray:
        """(n,) the class that the classifier of this name finds likeliest."""
        scores = self.heads[self.numbers[head]](self.standardise(torch.from_numpy(features)))
        return scores.argmax(1).numpy()


def _mlp(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Dropout(DROPOUT), nn.Linear(width, HIDDEN), nn.GELU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, WIDTH)
    )


def style_names(pictures: PictureSet) -> list[str]:
    return sorted({record.style for record in pictures.records})


def head_of(attribute: str) -> str:
    """The classifier of an attribute of the set's groups: one may be called as the classifier of styles is."""
    return f"group {attribute}"


def class_names(pictures: PictureSet, groups: Groups) -> dict[str, list[str]]:
    """What each classifier tells apart."""
    return {STYLE: style_names(pictures), **{head_of(attribute): list(of) for attribute, of in groups.items()}}


def class_targets(pictures: PictureSet, groups: Groups) -> dict[str, np.ndarray]:
    """(n,) class numbers for each classifier, -1 where a picture has no answer: its label is in no group."""
    numbers = {name: number for number, name in enumerate(style_names(pictures))}
    targets = {STYLE: np.array([numbers[record.style] for record in pictures.records])}
    for attribute, of in groups.items():
        number_of = {label: number for number, labels in enumerate(of.values()) for label in labels}
        answers = [number_of.get(record.label, NO_ANSWER) for record in pictures.records]
        targets[head_of(attribute)] = np.array(answers)
    return targets


def matching_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy both ways of (b, b) scores. Every pair of one label counts as right, so a concept's styles do
    not repel each other.
    """
    same = (labels[:, None] == labels[None]).float()
    target = same / same.sum(1, keepdim=True)
    return (F.cross_entropy(scores, target) + F.cross_entropy(scores.T, target)) / 2


def train_evaluator(
    pictures: PictureSet, groups: Groups, views: list[np.ndarray], texts: dict[str, np.ndarray], seed: int
) -> Evaluator:
    """`views`: features of all pictures, several times; `texts`: pooled embedding of every label and synonym."""
    torch.manual_seed(seed)
    rng, records = np.random.default_rng(seed), pictures.records
    classes = {name: len(names) for name, names in class_names(pictures, groups).items()}
    model = Evaluator(views[0].shape[1], len(next(iter(texts.values()))), classes)
    plain = torch.from_numpy(np.asarray(views[0][pictures.train], np.float32))
    model.mean.copy_(plain.mean(0))
    model.deviation.copy_(plain.std(0) + 1e-3)
    numbers = {label: number for number, label in enumerate(sorted({record.label for record in records}))}
    labels, targets = np.array([numbers[record.label] for record in records]), class_targets(pictures, groups)
    # Square roots: rarer kinds are judged too, and must not be seen too seldom.
    chances = np.sqrt([records[i].weight for i in pictures.train])
    batch = min(BATCH, len(pictures.train))
    steps = EPOCHS * len(pictures.train) // batch
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    stack = [np.asarray(view) for view in views]
    for _ in track(range(steps), description="evaluator"):
        indices = rng.choice(pictures.train, batch, p=chances / chances.sum(), replace=False)
        chosen = rng.choice(len(views), batch, p=VIEW_SHARES)
        features = torch.from_numpy(
            np.stack([stack[view][i] for view, i in zip(chosen, indices, strict=True)]).astype(np.float32)
        )
        text = torch.from_numpy(np.stack([texts[_words_of(records[i], rng)] for i in indices]))
        scores = model.embed_pictures(features) @ model.embed_text(text).T * model.log_scale.exp().clamp(max=100)
        loss = matching_loss(scores, torch.from_numpy(labels[indices]))
        for name, number in model.numbers.items():
            answer = torch.from_numpy(targets[name][indices])
            if (answer != NO_ANSWER).any():
                logits = model.heads[number](F.dropout(model.standardise(features), DROPOUT))
                loss = loss + F.cross_entropy(logits, answer, ignore_index=NO_ANSWER)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
    return model.eval().requires_grad_(False)


def synonyms_of(record: Record) -> list[str]:
    """Other words for what the label names, without the style: of a set with styles, whose first three captions hold
    the label (see datasets/emoji/captions.ts), or all captions of any other.
    """
    if record.style == "":
        return [caption for caption in record.captions if caption != record.label]
    return [caption.removesuffix(f", {record.style}") for caption in record.captions[3:]]


def _words_of(record: Record, rng: np.random.Generator) -> str:
    """The label, or by chance one of its synonyms."""
    synonyms = synonyms_of(record)
    if synonyms and rng.random() < SYNONYM_SHARE:
        return synonyms[int(rng.integers(len(synonyms)))]
    return record.label


def load_evaluator(path: Path, features_width: int, text_width: int, classes: dict[str, int]) -> Evaluator:
    model = Evaluator(features_width, text_width, classes)
    model.load_state_dict(torch.load(path, weights_only=True))
    return model.eval().requires_grad_(False)


def save_evaluator(path: Path, model: Evaluator) -> None:
    save_atomically(model.state_dict(), path)
