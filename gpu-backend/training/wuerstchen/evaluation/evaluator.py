"""The judge of generated pictures: which of a hundred words does a picture show, and in which style, skin tone and
gender?

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

from wuerstchen.evaluation.lists import GENDERS, TONES, gendered_concepts, person_of, toned_concepts
from wuerstchen.training.data import PictureSet
from wuerstchen.training.loop import save_atomically

WIDTH, HIDDEN = 256, 512
BATCH, EPOCHS = 512, 20
LEARNING_RATE, WEIGHT_DECAY, DROPOUT = 1e-3, 0.1, 0.3
SYNONYM_SHARE = 0.3
VIEW_SHARES = (0.45, 0.4, 0.15)  # grey pictures cannot teach colours, so they are few
NO_ANSWER = -1
# Part of the name of the weights: another recipe is another judge.
RECIPE = "-".join(str(value) for value in (3, HIDDEN, WIDTH, BATCH, EPOCHS))


class Evaluator(nn.Module):
    """Picture features (b, f) and pooled text (b, w) to unit vectors (b, 256) of one space; plus three classifiers
    of pictures.
    """

    def __init__(self, features_width: int, text_width: int, styles: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features_width))
        self.register_buffer("deviation", torch.ones(features_width))
        self.picture = _mlp(features_width)
        self.text = _mlp(text_width)
        self.log_scale = nn.Parameter(torch.tensor(3.0))
        self.heads = nn.ModuleDict(
            {
                "style": nn.Linear(features_width, styles),
                "tone": nn.Linear(features_width, 1 + len(TONES)),
                "gender": nn.Linear(features_width, len(GENDERS)),
            }
        )

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
        """(n,) the class that `head` finds likeliest."""
        return self.heads[head](self.standardise(torch.from_numpy(features))).argmax(1).numpy()


def _mlp(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Dropout(DROPOUT), nn.Linear(width, HIDDEN), nn.GELU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, WIDTH)
    )


def style_names(pictures: PictureSet) -> list[str]:
    return sorted({record.style for record in pictures.records})


def class_targets(pictures: PictureSet) -> dict[str, np.ndarray]:
    """(n,) class numbers for each head, -1 where a picture has no answer. Tone 0 is the neutral yellow of a concept
    that has tones.

    A concept drawn as man and as woman too, such as "health worker", counts as "person" where its label says neither.
    """
    styles, toned, gendered = style_names(pictures), toned_concepts(pictures), gendered_concepts(pictures)
    targets = {name: np.full(len(pictures.records), NO_ANSWER) for name in ("style", "tone", "gender")}
    for index, record in enumerate(pictures.records):
        targets["style"][index] = styles.index(record.style)
        person = person_of(record)
        if person is None or person.concept not in toned:
            continue
        targets["tone"][index] = 0 if person.tone is None else 1 + TONES.index(person.tone)
        gender = "person" if person.concept in gendered else person.gender
        if gender is not None:
            targets["gender"][index] = GENDERS.index(gender)
    return targets


def matching_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy both ways of (b, b) scores. Every pair of one label counts as right, so a concept's styles do
    not repel each other.
    """
    same = (labels[:, None] == labels[None]).float()
    target = same / same.sum(1, keepdim=True)
    return (F.cross_entropy(scores, target) + F.cross_entropy(scores.T, target)) / 2


def train_evaluator(
    pictures: PictureSet, views: list[np.ndarray], texts: dict[str, np.ndarray], seed: int
) -> Evaluator:
    """`views`: features of all pictures, several times; `texts`: pooled embedding of every label and synonym."""
    torch.manual_seed(seed)
    rng, records = np.random.default_rng(seed), pictures.records
    model = Evaluator(views[0].shape[1], len(next(iter(texts.values()))), len(style_names(pictures)))
    plain = torch.from_numpy(np.asarray(views[0][pictures.train], np.float32))
    model.mean.copy_(plain.mean(0))
    model.deviation.copy_(plain.std(0) + 1e-3)
    numbers = {label: number for number, label in enumerate(sorted({record.label for record in records}))}
    labels, targets = np.array([numbers[record.label] for record in records]), class_targets(pictures)
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
        text = torch.from_numpy(
            np.stack([texts[words_of(records[i].captions, records[i].style, rng)] for i in indices])
        )
        scores = model.embed_pictures(features) @ model.embed_text(text).T * model.log_scale.exp().clamp(max=100)
        loss = matching_loss(scores, torch.from_numpy(labels[indices]))
        for name, head in model.heads.items():
            answer = torch.from_numpy(targets[name][indices])
            if (answer != NO_ANSWER).any():
                logits = head(F.dropout(model.standardise(features), DROPOUT))
                loss = loss + F.cross_entropy(logits, answer, ignore_index=NO_ANSWER)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
    return model.eval().requires_grad_(False)


def words_of(captions: tuple[str, ...], style: str, rng: np.random.Generator | None = None) -> str:
    """The concept without its style: the label, or by chance one of its synonyms."""
    synonyms = [caption.removesuffix(f", {style}") for caption in captions[3:]]
    if rng is not None and synonyms and rng.random() < SYNONYM_SHARE:
        return synonyms[int(rng.integers(len(synonyms)))]
    return captions[2]


def load_evaluator(path: Path, features_width: int, text_width: int, styles: int) -> Evaluator:
    model = Evaluator(features_width, text_width, styles)
    model.load_state_dict(torch.load(path, weights_only=True))
    return model.eval().requires_grad_(False)


def save_evaluator(path: Path, model: Evaluator) -> None:
    save_atomically(model.state_dict(), path)
