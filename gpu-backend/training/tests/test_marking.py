"""A mark's message, its carriers, the extractor and the decoder that bears it."""

import numpy as np
import pytest
import torch
from conftest import CONFIGS

from wuerstchen.config import load_config
from wuerstchen.marking.carriers import TILE, carriers
from wuerstchen.marking.decoder import TAIL_LAYERS, MarkedTail, with_message
from wuerstchen.marking.distortions import NAMED, cut, saved, to_tiles
from wuerstchen.marking.extractor import Extractor
from wuerstchen.marking.measure import matches
from wuerstchen.marking.message import BITS, false_positives, matches_min, message_hex, message_signs
from wuerstchen.marking.training import place_of
from wuerstchen.models.build import new_stage_a

SIDE = 128
SIGNS = message_signs(message_hex("emoji-128"))


def drawings(count: int) -> torch.Tensor:
    """Soft discs of random colours on random grounds."""
    generator = torch.Generator().manual_seed(0)
    y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    colours = torch.rand(2, count, 3, 1, 1, generator=generator) * 0.8 + 0.1
    centre, radius = torch.rand(2, count, 1, 1, 1, generator=generator) * 60 + 34, 40
    inside = ((radius - ((y - centre[0]) ** 2 + (x - centre[1]) ** 2).sqrt()) / 2).sigmoid()
    return colours[0] * inside + colours[1] * (1 - inside)


def stamped(image: torch.Tensor, decibels: float = 40.0) -> torch.Tensor:
    sync, bits = carriers()
    tile = 3 * sync + torch.einsum("k,kyx->yx", SIGNS, bits)
    return image + (tile / tile.square().mean().sqrt() * 10 ** (-decibels / 20)).repeat(SIDE // TILE, SIDE // TILE)


def test_a_message_is_32_bits_of_the_bundle_alone() -> None:
    assert message_hex("emoji-128") == message_hex("emoji-128") != message_hex("emoji-129")
    assert message_signs("80000001").tolist() == [1.0, *[-1.0] * 30, 1.0]


def test_a_mark_is_found_from_30_bits_on_which_happens_by_chance_less_than_once_in_a_million() -> None:
    assert matches_min() == 30
    assert false_positives(30) == pytest.approx(8 * (496 + 32 + 1) / 2**32)
    assert false_positives(30) <= 1e-6 < false_positives(29)
    assert false_positives(0) == 1


def test_carriers_are_orthogonal_and_no_shift_takes_one_kind_for_the_other() -> None:
    sync, bits = carriers()
    all_of_them = torch.cat([sync[None], bits]).flatten(1)
    assert torch.allclose(all_of_them @ all_of_them.T, torch.eye(BITS + 1), atol=1e-5)
    shifted = torch.stack([sync.roll((y, x), (0, 1)).flatten() for y in range(TILE) for x in range(TILE)])
    assert (shifted @ bits.flatten(1).T).abs().max() < 1e-5
    assert (shifted @ sync.flatten())[1:].max() < 0.95


@pytest.mark.parametrize("name", NAMED)
def test_an_untrained_extractor_reads_a_mark_at_34_decibels_after_what_may_happen_to_a_picture(name: str) -> None:
    image = stamped(drawings(8), 34)
    sent = NAMED[name](image, np.random.default_rng(0)).image
    assert matches(Extractor(), sent, SIGNS, SIDE).min() >= matches_min()


def test_a_picture_that_was_cut_and_scaled_back_is_read_at_the_scale_it_had() -> None:
    part = cut(stamped(drawings(4)), 0.8, np.random.default_rng(1)).image[..., :102, :102]
    scaled = torch.nn.functional.interpolate(part, (SIDE, SIDE), mode="bicubic", antialias=True).clamp(0, 1)
    assert matches(Extractor(), scaled, SIGNS, SIDE).min() >= matches_min()


def test_the_place_of_a_cut_is_where_its_first_tile_begins() -> None:
    image, extractor = stamped(drawings(4)), Extractor()
    for seed in range(4):
        sent = cut(image, 0.7, np.random.default_rng(seed))
        assert extractor.places(extractor.tile(sent.image)).argmax(1).tolist() == place_of(sent).tolist()


def test_pictures_without_a_mark_agree_as_coins_do() -> None:
    noise = to_tiles(torch.rand(400, 3, 64, 64, generator=torch.Generator().manual_seed(1)))
    with torch.no_grad():
        agreed = ((Extractor()(noise)[:, :BITS] > 0) == (SIGNS > 0)).float().sum(1)
    assert agreed.mean().item() == pytest.approx(BITS / 2, abs=0.5)
    assert agreed.std().item() == pytest.approx((BITS / 4) ** 0.5, abs=0.4)
    assert matches(Extractor(), torch.ones(1, 3, 64, 64), SIGNS, SIDE) < matches_min()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_codec_teaches_a_pattern_that_it_nearly_keeps_and_none_that_it_loses(kind: str) -> None:
    wave = carriers()[1][0].repeat(1, 3, SIDE // TILE, SIDE // TILE)

    def slope(strength: float) -> float:
        amount = torch.tensor(strength, requires_grad=True)
        again = saved(0.5 + amount * wave, kind, 70)
        assert not torch.equal(again, 0.5 + amount * wave)
        (again * wave).sum().backward()
        return amount.grad.item()

    assert abs(slope(0.005)) < 0.1 * max(slope(strength) for strength in (0.1, 0.15, 0.2, 0.3, 0.4))


@pytest.mark.parametrize("config", ["tiny.toml", "tiny-alpha.toml"])
def test_a_decoder_with_one_message_draws_what_the_trained_one_draws_of_it(config: str) -> None:
    torch.manual_seed(0)
    settings = load_config(CONFIGS / config)
    stage_a = new_stage_a(settings).eval()
    tail = MarkedTail(stage_a)
    latent = torch.randn(2, settings.stage_a.latent_channels, 8, 12)
    with torch.no_grad():
        expected = tail(stage_a.decoder[:-TAIL_LAYERS](latent), SIGNS[None])  # one row, as the weights hold it
        marked = with_message(settings, stage_a, tail, SIGNS).decode(latent)
        difference = marked - stage_a.decode(latent)
    assert torch.equal(marked, expected)
    assert 0.002 < difference[:, :3].std().item() < 0.02
