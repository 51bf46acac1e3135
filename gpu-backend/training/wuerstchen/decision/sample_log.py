"""A log of prompts to try `poc --prompts` with. Its repetition is DiffusionDB's: 14 million pictures of 1.8 million
prompts, 7.8 of each (Wang et al. 2023, arXiv 2210.14896); that they are spread by Zipf's law is an assumption."""

import json
from datetime import UTC, datetime

import numpy as np

PICTURES_A_PROMPT = 7.8
ACCOUNTS, DAYS = 5, 14
START = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
COLOURS = ("red", "green", "blue", "yellow", "purple", "orange", "pink", "brown")
THINGS = ("apple", "dog", "cat", "house", "rocket", "heart", "teapot", "lamp", "bicycle", "castle", "robot", "flower")
STYLES = ("3D", "flat", "noto", "twemoji")


def sample_log(requests: int, seed: int = 0) -> str:
    """JSON lines of `requests` requests of five accounts over two weeks; a tenth say the same in another order of
    words.
    """
    rng = np.random.default_rng(seed)
    prompts = [f"{colour} {thing}, {style}" for colour in COLOURS for thing in THINGS for style in STYLES]
    count = min(len(prompts), max(1, round(requests / PICTURES_A_PROMPT)))
    chosen = [prompts[k] for k in rng.permutation(len(prompts))[:count]]
    weights = 1 / np.arange(1, count + 1)
    times = np.sort(rng.uniform(START, START + DAYS * 86_400, requests))
    lines = []
    for at, number in zip(times, rng.choice(count, requests, p=weights / weights.sum()), strict=True):
        words, style = chosen[number].split(", ")
        prompt = f"{style}, {words}" if rng.random() < 0.1 else chosen[number]
        time = datetime.fromtimestamp(float(at), UTC).isoformat(timespec="seconds")
        lines.append(json.dumps({"time": time, "prompt": prompt, "account": f"account-{rng.integers(ACCOUNTS)}"}))
    return "\n".join(lines) + "\n"
