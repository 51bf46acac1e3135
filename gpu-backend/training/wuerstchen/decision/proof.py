"""The steps of a proof of concept on a folder of pictures, each a command that is printed and done once."""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from wuerstchen.config import load_config
from wuerstchen.decision.bundle_model import BundleModel
from wuerstchen.decision.figures import asked_pictures
from wuerstchen.decision.forecast import Forecast, pictures_made
from wuerstchen.decision.outside import words_outside
from wuerstchen.decision.poc_options import OF_EVALUATE, OF_FINETUNE, OF_PREPARE, handed_on
from wuerstchen.decision.report_texts import report_texts
from wuerstchen.decision.steps import Steps, run_command
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.tuned_bundle import check_target
from wuerstchen.export.weights import WEIGHTS_FILE
from wuerstchen.prompt_lists import concepts_beside
from wuerstchen.training.cache import CODE_VERSION, digest_of, file_digest
from wuerstchen.training.data import PictureSet
from wuerstchen.whole_file import write_whole

CONFIGS = Path(__file__).parent.parent.parent / "configs"
HELD_OUT_PERCENT = "20"


def prove(asked: argparse.Namespace, run: Callable[[list[str]], None] = run_command) -> None:
    """Raises ValueError or OSError where folder, bundle or options do not do, CalledProcessError where a step fails."""
    proof = _begin(asked, run)
    proof.prepare()
    proof.forecast()
    if asked.dry_run:
        return
    start = proof.with_decoder() if proof.decoder_limits() else asked.bundle
    proof.train(start)
    proof.report()
    print(_ending(asked.out, proof.tuned, asked.language))


def _begin(asked: argparse.Namespace, run: Callable[[list[str]], None]) -> "_Proof":
    folder, bundle = asked.folder.expanduser().resolve(), Bundle(asked.bundle)
    if not folder.is_dir():
        raise ValueError(f"--from: {folder} is no folder")
    config, tuned = asked.config or bundle.config_file(CONFIGS), asked.out / asked.name
    if not (tuned / "model.json").exists():
        check_target(tuned)
    asked.out.mkdir(parents=True, exist_ok=True)
    return _Proof(asked, folder, bundle, config, Steps(asked.out / "poc.json", _digest(asked, bundle, config), run))


@dataclass(frozen=True)
class _Proof:
    """The steps, each a command."""

    asked: argparse.Namespace
    folder: Path
    bundle: Bundle
    config: Path
    steps: Steps

    @property
    def tuned(self) -> Path:
        return self.asked.out / self.asked.name

    def prepare(self) -> None:
        told = ["--from", str(self.folder), "--out", str(self.asked.out / "set"), "--config", str(self.config)]
        told += ["--held-out-percent", HELD_OUT_PERCENT, "--language", self.asked.language]
        told += handed_on(self.asked, OF_PREPARE)
        self.steps.step("prepare", ["wuerstchen.prepare", *told])

    def forecast(self) -> None:
        taken = self.asked.out / "training.json"
        told = [*self._tuning(self.asked.bundle), "--dry-run", "--forecast", str(taken)]
        self.steps.step("what training will take", ["wuerstchen.finetune", *told])
        if self._has_weights():
            print(_decoder_takes(self.steps, self._drawing(), self.asked.out / "decoder.json"))
        print(f"\n{_forecast(self.asked, self.bundle, self.config, taken).sentence()}")
        spent = sum(self.steps.seconds.values()) / 60
        print(f"spent so far: {spent:.1f} minutes. Ctrl-C stops; the same command goes on", flush=True)

    def decoder_limits(self) -> bool:
        """Whether the decoder cannot draw these pictures well enough, and can be trained on."""
        before = self.asked.out / "before"
        told = [*self._base(self.asked.bundle), *self._judged(), "--out", str(before)]
        self.steps.step("the decoder, before training", ["wuerstchen.evaluate", *told])
        said, limits = _decoder(before / "figures.json")
        print(said)
        if limits and not self._has_weights():
            print(f"it cannot be trained on: {self.asked.bundle} has no {WEIGHTS_FILE}")
        return limits and self._has_weights()

    def with_decoder(self) -> Path:
        """The bundle with its decoder trained on."""
        drawn = self.asked.out / f"{self.asked.name}-decoder"
        self.steps.step("train the decoder", ["wuerstchen.finetune_decoder", *self._drawing(), "--out", str(drawn)])
        return drawn

    def train(self, start: Path) -> None:
        self.steps.step("train", ["wuerstchen.finetune", *self._tuning(start), "--out", str(self.tuned)])

    def report(self) -> None:
        hours = sum(self.steps.seconds.get(name, 0) for name in ("train the decoder", "train")) / 3600
        told = [*self._base(self.tuned), "--against", str(self.asked.bundle), "--training-hours", f"{hours:.4f}"]
        told += [*self._judged(), "--out", str(self.asked.out / "report")]
        self.steps.step("report", ["wuerstchen.evaluate", *told])

    def _has_weights(self) -> bool:
        return (self.asked.bundle / WEIGHTS_FILE).exists()

    def _base(self, bundle: Path) -> list[str]:
        return ["--bundle", str(bundle), "--config", str(self.config)]

    def _trained(self, runs: str, steps: int | None) -> list[str]:
        out, asked = self.asked.out, [] if steps is None else ["--steps", str(steps)]
        return ["--data", str(out / "set"), "--runs", str(out / runs), *asked]

    def _tuning(self, start: Path) -> list[str]:
        return [
            *self._base(start),
            *self._trained("runs", self.asked.steps),
            *handed_on(self.asked, OF_FINETUNE),
        ]

    def _drawing(self) -> list[str]:
        return [*self._base(self.asked.bundle), *self._trained("decoder-runs", self.asked.decoder_steps)]

    def _judged(self) -> list[str]:
        asked = self.asked
        told = ["--data", str(asked.out / "set"), "--captions", str(asked.captions), "--language", asked.language]
        told += ["--price-hour", f"{asked.price_hour:g}", "--pictures", str(asked.out / "pictures")]
        return [*told, "--set-name", self.folder.name, *handed_on(asked, OF_EVALUATE)]


def _digest(asked: argparse.Namespace, bundle: Bundle, config: Path) -> str:
    """Of all that decides the set and the tuned model: the files that `prepare` looks at, the model, its configuration,
    the options of both trainings, and this version of the code.
    """
    folder = asked.folder.expanduser().resolve()
    options = [asked.name, asked.steps, asked.decoder_steps, *handed_on(asked, (*OF_PREPARE, *OF_FINETUNE))]
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path.relative_to(folder)))
    listed = [f"{path.relative_to(folder).as_posix()!a} {file_digest(path)}" for path in files]
    return digest_of(CODE_VERSION, bundle.manifest["revision"], file_digest(config), repr(options), *listed)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _forecast(asked: argparse.Namespace, bundle: Bundle, config_file: Path, taken: Path) -> Forecast:
    """Measured once, by a picture of this machine, and kept in OUT/forecast.json."""
    path = asked.out / "forecast.json"
    if not path.exists():
        training, config = json.loads(taken.read_text()), load_config(config_file)
        pictures = PictureSet(asked.out / "set", config.image_side)
        drawn, held_out = len(asked_pictures(pictures, asked.captions)), min(asked.captions, len(pictures.held_out))
        words = words_outside(concepts_beside(config_file, config), pictures)
        prompt = pictures.records[0].captions[0]
        found = Forecast(
            training_seconds=training["seconds"],
            picture_seconds=float(BundleModel(bundle, config, asked.out / "pictures").seconds_a_picture([prompt])[0]),
            pictures=pictures_made(drawn, held_out, training["pictures"], len(words)),
            memory_gib=training["memory_gib"],
            price_hour=asked.price_hour,
        )
        write_whole(path, json.dumps(asdict(found), indent=1) + "\n")
    return replace(Forecast(**json.loads(path.read_text())), price_hour=asked.price_hour)


def _decoder_takes(steps: Steps, drawing: list[str], file: Path) -> str:
    steps.step(
        "what training the decoder would take", ["wuerstchen.finetune_decoder", *drawing, "--forecast", str(file)]
    )
    minutes = json.loads(file.read_text())["seconds"] / 60
    return f"if the decoder is a limit, its training takes about {minutes:.1f} minutes more"


def _decoder(path: Path) -> tuple[str, bool]:
    """How well the bundle's decoder draws these pictures at all, which no training of Stage C changes; and whether
    that is a limit.
    """
    found = json.loads(path.read_text(encoding="utf-8"))
    figure, criterion = found["figures"]["after"].get("restoration"), found["criteria"]["restoration"]
    if figure is None:
        return "decoder: not measured", False
    limits = criterion["outcome"] != "met"
    met = "is a limit" if limits else "does not limit you"
    return (
        f"decoder: {figure['value']:.1f} dB on held-out pictures, {criterion['threshold']:g} asked for: it {met}",
        limits,
    )


def _ending(out: Path, tuned: Path, language: str) -> str:
    found = json.loads((out / "report" / "figures.json").read_text(encoding="utf-8"))
    verdict = report_texts(language)(f"verdict.{found['verdict']}")
    return (
        f"\n{verdict}\nreport: {out / 'report' / 'report.html'}\nserve:  npm start -- --bundle {tuned.resolve()}\n"
        "next:   a trial with few users, then production step by step: docs/poc.md"
    )
