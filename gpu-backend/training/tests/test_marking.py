"""A mark's message, its carriers, the extractor and the decoder that bears it."""

import numpy as np
import pytest
import torch
from conftest import CONFIGS
from torch import nn

from wuerstchen.config import load_config
from wuerstchen.marking.carriers import BLOCK, TILE, carriers
from wuerstchen.marking.decoder import DEVIATION_START, SYNC_START, TAIL_LAYERS, MarkedTail, repeated, with_message
from wuerstchen.marking.distortions import NAMED, cut, saved, to_tiles
from wuerstchen.marking.extractor import LUMINANCE, Extractor
from wuerstchen.marking.losses import place_of
from wuerstchen.marking.measure import matches
from wuerstchen.marking.message import BITS, false_positives, matches_min, message_hex, message_signs
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
    tile = SYNC_START * sync + torch.einsum("k,kyx->yx", SIGNS, bits)
    return image + (tile / tile.square().mean().sqrt() * 10 ** (-decibels / 20)).repeat(SIDE // TILE, SIDE // TILE)


def test_a_message_is_32_bits_of_the_bundle_alone() -> None:
    assert message_hex("emoji-128") == message_hex("emoji-128") != message_hex("emoji-129")
    assert message_signs("80000001").tolist() == [1.0, *[-1.0] * 30, 1.0]


def test_a_mark_is_found_from_30_bits_on_which_happens_by_chance_less_than_once_in_a_million() -> None:
    assert matches_min() == 30
    assert false_positives(30) == pytest.approx(8 * (496 + 32 + 1) / 2**32)
    assert false_positives(30) <= 1e-6 < false_positives(29)
    assert false_positives(0) == 1


def messages(count: int) -> torch.Tensor:
    return torch.randint(0, 2, (count, BITS), generator=torch.Generator().manual_seed(0)) * 2.0 - 1


def test_carriers_are_orthogonal() -> None:
    sync, bits = carriers()
    all_of_them = torch.cat([sync[None], bits]).flatten(1)
    assert torch.allclose(all_of_them @ all_of_them.T, torch.eye(BITS + 1), atol=1e-5)


def test_whatever_the_message_a_tile_fits_best_where_it_begins() -> None:
    sync, bits = carriers()
    tiles = SYNC_START * sync.flatten() + messages(400) @ bits.flatten(1)
    fits = Extractor().places(tiles / tiles.norm(dim=1, keepdim=True))
    assert (fits[:, 0] - fits[:, 1:].amax(1)).min() > 0.15


def test_a_message_is_one_strong_frequency_in_each_block() -> None:
    place = torch.arange(BLOCK)
    cosines = torch.cos(torch.pi * (2 * place[None] + 1) * place[:, None] / (2 * BLOCK)) * (2 / BLOCK) ** 0.5
    cosines[0] /= 2**0.5
    tiles = torch.einsum("mk,kyx->myx", messages(20), carriers()[1])
    blocks = tiles.unflatten(2, (-1, BLOCK)).unflatten(1, (-1, BLOCK)).transpose(2, 3)
    found = (cosines @ blocks @ cosines.T).flatten(3).abs()
    assert torch.allclose(found.amax(3), torch.tensor(2**0.5), atol=1e-5)
    assert torch.allclose(found.sum(3), found.amax(3), atol=1e-5)


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


def test_bits_that_pictures_give_together_are_read_apart_and_a_mark_as_before() -> None:
    generator, extractor = torch.Generator().manual_seed(0), Extractor()
    tiles = torch.randn(4000, TILE * TILE, generator=generator)
    tiles += 0.4 * torch.randn(4000, 1, generator=generator) * extractor.bits[:8].sum(0)  # eight bits that agree

    def dependence() -> float:
        correlation = torch.corrcoef((tiles @ extractor.bits.T).sign().T)
        return correlation[~torch.eye(BITS, dtype=torch.bool)].abs().max().item()

    before = dependence()
    extractor.decorrelate(tiles @ extractor.bits.T)
    assert dependence() < 0.06 < 0.08 < before
    assert matches(extractor, stamped(drawings(8), 34), SIGNS, SIDE).min() >= matches_min()


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
    for parameter in tail.marked.strength.parameters():
        nn.init.normal_(parameter, std=0.2)
    latent = torch.randn(2, settings.stage_a.latent_channels, 8, 12)
    with torch.no_grad():
        expected = tail(stage_a.decoder[:-TAIL_LAYERS](latent), SIGNS[None])  # one row, as the weights hold it
        assert torch.equal(with_message(settings, stage_a, tail, SIGNS).decode(latent), expected)


@pytest.mark.parametrize("config", ["tiny.toml", "tiny-alpha.toml"])
def test_an_untrained_mark_is_its_tile_over_what_is_drawn_and_nothing_where_a_picture_is_transparent(
    config: str,
) -> None:
    torch.manual_seed(0)
    settings = load_config(CONFIGS / config)
    stage_a = new_stage_a(settings).eval()
    tail, latent = MarkedTail(stage_a), torch.randn(2, settings.stage_a.latent_channels, 8, 12)
    with torch.no_grad():
        plain, tile = stage_a.decode(latent), tail.marks(SIGNS[None])
        difference = with_message(settings, stage_a, tail, SIGNS).decode(latent) - plain
    drawn = plain[:, 3:].clamp(0, 1) if plain.shape[1] == 4 else torch.ones(1)
    assert torch.allclose(difference[:, :3], repeated(tile, plain) * drawn, atol=1e-6)
    assert not difference[:, 3:].any()
    brightness = torch.einsum("bcyx,c->byx", tile, torch.tensor(LUMINANCE))
    assert brightness.std().item() == pytest.approx(DEVIATION_START, rel=0.01)
