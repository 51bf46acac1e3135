"""From prompt to picture, ours equals diffusers' pipelines on the same weights and the same noise. float32, 1e-5."""

from typing import Any

import pytest
import torch
from diffusers import (
    DDPMWuerstchenScheduler,
    StableCascadeDecoderPipeline,
    StableCascadePriorPipeline,
    WuerstchenDecoderPipeline,
    WuerstchenPriorPipeline,
)
from published_reference import (
    cascade_b,
    cascade_c,
    diffnext,
    largest_difference,
    paella_vq,
    prior,
    text_encoder,
    tokeniser,
)
from torch import Tensor, nn

from wuerstchen.published.pipelines import (
    CascadePrompts,
    V2Prompts,
    sample_cascade_stage_b,
    sample_cascade_stage_c,
    sample_v2_stage_b,
    sample_v2_stage_c,
    to_images,
)
from wuerstchen.published.sampling import Sampling
from wuerstchen.published.text import CascadeText, encode_cascade_text, encode_v2_text

TOLERANCE = 1e-5
PROMPTS, NEGATIVES = ["red cat", "cat"], ["red", ""]
# Small first steps: one from 1 to 0.5 multiplies rounding by alpha_bar(0.5) / alpha_bar(1) = 5000, and so measures
# little else.
TIMES_C, TIMES_B = (1.0, 0.96, 0.85, 0.6, 0.3, 0.0), (1.0, 0.95, 0.7, 0.0)
# diffusers ignores times given to Stable Cascade and spaces its steps evenly.
EVEN_C, EVEN_B = tuple(1 - step / 5 for step in range(6)), tuple(1 - step / 3 for step in range(4))
# ((height, width), pictures a prompt, guidance): Stage C latents of 6×6 and 9×6 cells, Stage A latents of 64×64 and
# 96×64.
CASES = [((256, 256), 2, 0.0), ((384, 256), 1, 4.0)]


def seeded(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


class Released:
    """Ours and diffusers' networks and pipelines of one family, with one tokeniser."""

    def __init__(self, tokens: Any, family: str) -> None:
        cascade = family == "cascade"
        self.c, c = cascade_c() if cascade else prior()
        self.b, b = cascade_b() if cascade else diffnext()
        self.a, a = paella_vq()
        if not cascade:
            for network in (self.c, c):
                network.out[1].weight.data.mul_(0.2)  # keeps the B head away from 1, where the quotient is singular
        for network in (self.a, a):
            network.out_block[0].weight.data.mul_(0.05)  # pictures mostly inside [0, 1], so that the clamp hides little
            network.out_block[0].bias.data.fill_(0.5)
        self.tokens, self.encoder_c, self.encoder_b = tokens, text_encoder(cascade, 1), text_encoder(cascade, 2)
        shared = {"tokenizer": tokens, "scheduler": DDPMWuerstchenScheduler()}
        prior_pipeline = StableCascadePriorPipeline if cascade else WuerstchenPriorPipeline
        decoder_pipeline = StableCascadeDecoderPipeline if cascade else WuerstchenDecoderPipeline
        self.prior_pipeline = prior_pipeline(text_encoder=self.encoder_c, prior=c, **shared)
        self.decoder_pipeline = decoder_pipeline(text_encoder=self.encoder_b, decoder=b, vqgan=a, **shared)
        for pipeline in (self.prior_pipeline, self.decoder_pipeline):
            pipeline.set_progress_bar_config(disable=True)

    def v2_prompts(
        self, encoder: nn.Module, prompts: list[str], negatives: list[str], images_each: int = 1
    ) -> V2Prompts:
        text, negative = (encode_v2_text(self.tokens, encoder, each) for each in (prompts, negatives))
        return V2Prompts(text, negative, images_each)

    def cascade_prompts(
        self,
        encoder: nn.Module,
        prompts: list[str],
        negatives: list[str],
        images_each: int = 1,
        image: Tensor | None = None,
    ) -> CascadePrompts:
        text, negative = (encode_cascade_text(self.tokens, encoder, each) for each in (prompts, negatives))
        return CascadePrompts(text, negative, images_each, image)


@pytest.fixture(scope="module")
def tokens() -> Any:
    return tokeniser()


@pytest.fixture(scope="module")
def v2(tokens: Any) -> Released:
    return Released(tokens, "v2")


@pytest.fixture(scope="module")
def cascade(tokens: Any) -> Released:
    return Released(tokens, "cascade")


def test_the_tiny_tokeniser_knows_its_words(tokens: Any) -> None:
    assert tokens(["red cat"]).input_ids == [[0, 7, 12, 1]]
    assert tokens([""], padding="max_length").input_ids == [[0] + [1] * 8]


@pytest.mark.parametrize(("size", "each", "guidance"), CASES)
def test_v2_paints_diffusers_picture_of_one_prompt(
    v2: Released, size: tuple[int, int], each: int, guidance: float
) -> None:
    """One generator goes through both stages, as in the combined pipeline."""
    [ours, theirs] = seeded(5, 5)
    latents = v2.prior_pipeline(
        "red cat",
        *size,
        timesteps=TIMES_C,
        guidance_scale=guidance,
        negative_prompt="red",
        num_images_per_prompt=each,
        generator=theirs,
    ).image_embeddings
    expected = v2.decoder_pipeline(
        latents,
        "red cat",
        timesteps=TIMES_B,
        guidance_scale=guidance,
        negative_prompt="red",
        generator=theirs,
        output_type="pt",
    ).images
    prompts_c, prompts_b = (
        v2.v2_prompts(encoder, ["red cat"], ["red"], each) for encoder in (v2.encoder_c, v2.encoder_b)
    )
    given = sample_v2_stage_c(v2.c, prompts_c, size, Sampling(TIMES_C, guidance, ours))
    assert largest_difference(given, latents) < TOLERANCE
    image = to_images(v2.a, sample_v2_stage_b(v2.b, given, prompts_b, Sampling(TIMES_B, guidance, ours)))
    assert image.shape == (each, 3, *size)
    assert largest_difference(image, expected) < TOLERANCE


def test_v2_paints_several_prompts_as_diffusers_paints_them_one_by_one(v2: Released) -> None:
    """diffusers' decoder repeats texts by the number of latents, so it can only be asked for one prompt at a time."""
    guidance = 4.0
    latents = v2.prior_pipeline(
        PROMPTS,
        128,
        128,
        timesteps=TIMES_C,
        guidance_scale=guidance,
        negative_prompt=NEGATIVES,
        num_images_per_prompt=2,
        generator=seeded(1, 2, 3, 4),
    ).image_embeddings
    singles = [
        v2.decoder_pipeline(
            latents[index : index + 1],
            PROMPTS[index // 2],
            timesteps=TIMES_B,
            guidance_scale=guidance,
            negative_prompt=NEGATIVES[index // 2],
            generator=seeded(5 + index),
            output_type="pt",
        ).images
        for index in (1, 2)
    ]
    prompts_c, prompts_b = (v2.v2_prompts(encoder, PROMPTS, NEGATIVES, 2) for encoder in (v2.encoder_c, v2.encoder_b))
    given = sample_v2_stage_c(v2.c, prompts_c, (128, 128), Sampling(TIMES_C, guidance, seeded(1, 2, 3, 4)))
    assert largest_difference(given, latents) < TOLERANCE
    image = to_images(v2.a, sample_v2_stage_b(v2.b, given, prompts_b, Sampling(TIMES_B, guidance, seeded(5, 6, 7, 8))))
    assert largest_difference(image[1:3], torch.cat(singles)) < TOLERANCE


def test_v2_paints_several_pictures_of_one_latent(v2: Released) -> None:
    """diffusers fails here; a run for each picture gives the expectation."""
    prompts, latents = v2.v2_prompts(v2.encoder_b, PROMPTS, NEGATIVES, 2), torch.randn(2, 16, 3, 3)
    together = sample_v2_stage_b(v2.b, latents, prompts, Sampling(TIMES_B[:2], 0.0, seeded(1, 2, 3, 4)))
    for index in (1, 2):
        alone = V2Prompts(prompts.text[index // 2 : index // 2 + 1])
        single = sample_v2_stage_b(
            v2.b, latents[index // 2 : index // 2 + 1], alone, Sampling(TIMES_B[:2], 0.0, seeded(1 + index))
        )
        assert largest_difference(together[index : index + 1], single) < TOLERANCE


@pytest.mark.parametrize(("size", "each", "guidance"), CASES)
def test_stable_cascade_paints_diffusers_pictures(
    cascade: Released, size: tuple[int, int], each: int, guidance: float
) -> None:
    """Two prompts, one generator through both stages."""
    [ours, theirs] = seeded(5, 5)
    options = {"guidance_scale": guidance, "negative_prompt": NEGATIVES, "generator": theirs}
    latents = cascade.prior_pipeline(PROMPTS, None, *size, 5, num_images_per_prompt=each, **options, return_dict=False)[
        0
    ]
    expected = cascade.decoder_pipeline(latents, PROMPTS, 3, **options, output_type="pt").images
    prompts_c, prompts_b = (
        cascade.cascade_prompts(encoder, PROMPTS, NEGATIVES, each) for encoder in (cascade.encoder_c, cascade.encoder_b)
    )
    given = sample_cascade_stage_c(cascade.c, prompts_c, size, Sampling(EVEN_C, guidance, ours))
    assert largest_difference(given, latents) < TOLERANCE
    image = to_images(cascade.a, sample_cascade_stage_b(cascade.b, given, prompts_b, Sampling(EVEN_B, guidance, ours)))
    assert image.shape == (2 * each, 3, *size)
    assert largest_difference(image, expected) < TOLERANCE


def test_stable_cascade_mixes_pictures_and_text_as_diffusers_does(cascade: Released) -> None:
    image = torch.randn(1, 2, 32)
    latents = cascade.prior_pipeline(
        PROMPTS, None, 256, 384, 5, guidance_scale=4.0, image_embeds=image, generator=seeded(1, 2), return_dict=False
    )[0]
    prompts = cascade.cascade_prompts(cascade.encoder_c, PROMPTS, ["", ""], image=image.repeat(2, 1, 1))
    given = sample_cascade_stage_c(cascade.c, prompts, (256, 384), Sampling(EVEN_C, 4.0, seeded(1, 2)))
    assert given.shape == (2, 16, 6, 9)
    assert largest_difference(given, latents) < TOLERANCE


def test_v2s_stage_c_equals_diffusers_at_full_latent_size(v2: Released) -> None:
    latents = v2.prior_pipeline(
        PROMPTS, 1024, 1024, timesteps=TIMES_C[:3], generator=seeded(1, 2), guidance_scale=4.0
    ).image_embeddings
    given = sample_v2_stage_c(
        v2.c, v2.v2_prompts(v2.encoder_c, PROMPTS, ["", ""]), (1024, 1024), Sampling(TIMES_C[:3], 4.0, seeded(1, 2))
    )
    assert given.shape == (2, 16, 24, 24)
    assert largest_difference(given, latents) < TOLERANCE


@pytest.mark.parametrize("family", ["v2", "cascade"])
def test_a_picture_does_not_depend_on_its_batch(family: str, request: pytest.FixtureRequest) -> None:
    released: Released = request.getfixturevalue(family)
    encode, run = (
        (released.v2_prompts, sample_v2_stage_c)
        if family == "v2"
        else (released.cascade_prompts, sample_cascade_stage_c)
    )
    together = run(
        released.c, encode(released.encoder_c, PROMPTS, NEGATIVES), (256, 256), Sampling(TIMES_C, 3.0, seeded(1, 2))
    )
    alone = run(
        released.c,
        encode(released.encoder_c, PROMPTS[1:], NEGATIVES[1:]),
        (256, 256),
        Sampling(TIMES_C, 3.0, seeded(2)),
    )
    assert largest_difference(together[1:], alone) < TOLERANCE


def test_guidance_without_a_negative_is_refused(v2: Released, cascade: Released) -> None:
    with pytest.raises(ValueError, match="guidance needs a negative"):
        sample_v2_stage_c(v2.c, V2Prompts(torch.zeros(1, 9, 32)), (128, 128), Sampling(TIMES_C, 4.0))
    text = CascadeText(torch.zeros(2, 9, 32), torch.zeros(2, 1, 32))
    negative = CascadeText(torch.zeros(1, 9, 32), torch.zeros(1, 1, 32))
    with pytest.raises(ValueError, match="guidance needs a negative of shape"):
        sample_cascade_stage_c(cascade.c, CascadePrompts(text, negative), (128, 128), Sampling(TIMES_C, 4.0))


def test_latents_that_do_not_divide_among_the_pictures_are_refused(v2: Released) -> None:
    with pytest.raises(ValueError, match="2 latents for 3 pictures"):
        sample_v2_stage_b(v2.b, torch.zeros(2, 16, 3, 3), V2Prompts(torch.zeros(3, 9, 32)), Sampling(TIMES_B))


@torch.no_grad()
def test_the_attention_mask_reaches_the_text_encoder(v2: Released) -> None:
    ids = v2.tokens(["cat"], padding="max_length", return_tensors="pt").input_ids
    unmasked = v2.encoder_c(ids).last_hidden_state
    masked = encode_v2_text(v2.tokens, v2.encoder_c, ["cat"])
    assert torch.allclose(masked[:, :3], unmasked[:, :3], atol=1e-5)
    assert (masked[:, 3:] - unmasked[:, 3:]).abs().max() > 1e-3
