"""What reuse saves on a log of prompts: each policy of the API, replayed without drawing anything."""

import json
import math
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wuerstchen.decision.prompt_tokens import Tokens, words_of
from wuerstchen.utf8 import utf8_text

DAY_SECONDS, MONTH_SECONDS = 86_400, 365 / 12 * 86_400
# The API's own: latents are paid for 30 days, `similar` compares with an account's last 1,000 prompts of 30 days, at
# most this far.
KEPT_SECONDS, REMEMBERED_PROMPTS, DISTANCE_MAX = 30 * DAY_SECONDS, 1_000, 0.2
POLICIES = ("fresh", "prefer", "shared", "similar")
# Of a time: beyond it stand milliseconds. 100 billion seconds are the year 5138.
SECONDS_MAX = 1e11


@dataclass(frozen=True)
class Request:
    """`at`: seconds since 1970. `who`: the account."""

    at: float
    text: str
    who: str


@dataclass(frozen=True)
class Outcome:
    """Of one policy: requests, and those that a stored latent served."""

    policy: str
    requests: int
    hits: int

    @property
    def hit_rate(self) -> float:
        return self.hits / self.requests


@dataclass(frozen=True)
class Costs:
    """Assumptions: seconds of Stage C and of a decode on the GPU, US dollars of its hour, seconds of a cold start, and
    seconds that a container waits for work before it ends. The platform's fees are Cloudflare's, as docs/operations.md
    has them."""

    stage_c_seconds: float = 1.0
    decode_seconds: float = 0.3
    gpu_hour: float = 1.60
    cold_start_seconds: float = 10.0
    idle_seconds: float = 300.0


def read_log(path: Path) -> list[Request]:
    """JSON lines with `time` (ISO 8601, or seconds since 1970), `prompt` and, if there are several, `account`; in the
    order of time.

    Raises ValueError naming the first line that is none."""
    requests = []
    for number, line in enumerate(utf8_text(path).split("\n"), 1):
        if line.strip():
            try:
                requests.append(_request(json.loads(line)))
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
                example = '{"time": "2026-11-26T09:00:00Z", "prompt": "red apple", "account": "a"}'
                raise ValueError(f"{path}:{number} is no request ({error}): write lines such as {example}") from error
    if not requests:
        raise ValueError(f"{path} holds no requests")
    return sorted(requests, key=lambda request: request.at)


def _request(values: dict) -> Request:
    time, prompt = values["time"], values["prompt"]
    if not isinstance(prompt, str) or isinstance(time, bool):
        raise ValueError("time or prompt is of another kind")
    moment = datetime.fromisoformat(time) if isinstance(time, str) else None
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    at = float(time) if moment is None else moment.timestamp()
    if not math.isfinite(at):
        raise ValueError("time is no number")
    if abs(at) > SECONDS_MAX:
        raise ValueError("time is beyond the year 5000: divide milliseconds by 1000")
    return Request(at, prompt, str(values.get("account", "")))


def replay(requests: list[Request], policy: str, tokens_of: Callable[[str], Tokens] = words_of) -> Outcome:
    """One picture a request, without a seed. Raises ValueError for an unknown policy."""
    if policy not in POLICIES:
        raise ValueError(f"policy {policy!r}: one of {', '.join(POLICIES)}")
    made: dict[tuple[str, Tokens], float] = {}
    memory: dict[str, OrderedDict[Tokens, float]] = {}
    hits = 0
    for request in requests:
        tokens, who = tokens_of(request.text), "" if policy == "shared" else request.who
        near = [tokens]
        if policy == "similar":
            remembered = memory.setdefault(request.who, OrderedDict())
            near += _near(tokens, remembered, request.at)
            _remember(remembered, tokens, request.at)
        served = policy != "fresh" and any(
            request.at - made.get((who, each), -math.inf) <= KEPT_SECONDS for each in near
        )
        hits += served
        if not served:
            made[(who, tokens)] = request.at
    return Outcome(policy, len(requests), hits)


def _near(tokens: Tokens, remembered: OrderedDict[Tokens, float], now: float) -> list[Tokens]:
    words, found = set(tokens), []
    for other, at in remembered.items():
        # Most prompts share no word, and are then as far apart as can be.
        if (
            now - at <= KEPT_SECONDS
            and not words.isdisjoint(other)
            and (apart := distance(tokens, other)) <= DISTANCE_MAX
        ):
            found.append((apart, other))
    return [other for _, other in sorted(found)]


def _remember(remembered: OrderedDict[Tokens, float], tokens: Tokens, now: float) -> None:
    remembered[tokens] = now
    remembered.move_to_end(tokens)
    while len(remembered) > REMEMBERED_PROMPTS:
        remembered.popitem(last=False)


def distance(a: Tokens, b: Tokens) -> float:
    """Jaccard's of two multisets: 0 for the same tokens in any order, 1 where none is shared."""
    other = Counter(b)
    common = sum(min(count, other[token]) for token, count in Counter(a).items())
    united = len(a) + len(b) - common
    return 0.0 if united == 0 else 1 - common / united


def gpu_seconds(outcome: Outcome, costs: Costs) -> float:
    """Busy seconds of the log: Stage C for a miss, and a decode for each request (an evicted picture; an upper
    bound).
    """
    return (outcome.requests - outcome.hits) * costs.stage_c_seconds + outcome.requests * costs.decode_seconds


def month(outcome: Outcome, requests: float, costs: Costs) -> float:
    """US dollars a month at this volume, by one container that ends after `idle_seconds` without work, and by further
    ones where it is always busy. Requests come at random (Poisson), so of all time it is awake in 1 - exp(-rate · (idle
    + work))."""
    work = gpu_seconds(outcome, costs) / outcome.requests
    rate = requests / MONTH_SECONDS
    awake = MONTH_SECONDS * -math.expm1(-rate * (costs.idle_seconds + work))
    cold = requests * math.exp(-rate * costs.idle_seconds) * costs.cold_start_seconds
    gpu = max(awake + cold, requests * work) / 3600 * costs.gpu_hour
    return gpu + platform_fees(requests, requests * (1 - outcome.hit_rate))


def platform_fees(requests: float, latents: float) -> float:
    """Cloudflare, US dollars a month: the plan with 10 million requests, further requests, two calls of Durable Objects
    for each, and a write and a read of R2 for each new latent and each request."""
    millions = requests / 1e6
    return 5 + max(0.0, millions - 10) * 0.30 + 2 * millions * 0.15 + latents / 1e6 * 4.50 + millions * 0.36
