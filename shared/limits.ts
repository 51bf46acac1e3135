// Every limit that both sides know, with its unit in its name and its reason beside it.

/** OpenAI's own cap on an image prompt, so that what its clients may send is never refused here. UTF-16 code units. */
export const promptCharactersMax = 32_000;

/** OpenAI's `n`. It also bounds the longest job that one request can start. */
export const imagesPerRequestMax = 10;

/** The longest prompt, all of it escaped as `\uXXXX`, beside an equally long negative prompt, and room for the rest. */
export const requestBodyBytesMax = 512 * 1024;

/** OpenAI's `partial_images`. */
export const partialImagesMax = 3;

/** Seeds are unsigned 32-bit, the range that every client and every generator in use agrees on. */
export const seedMax = 4_294_967_295;

/** A guard against absurd numbers only: the range that holds is the one in the model's manifest. */
export const stepsMax = 1_000;

/** As `stepsMax`: the range that holds is the one in the model's manifest. */
export const guidanceScaleMax = 100;

/** CLIP reads 77 tokens; four times that covers every text encoder the bundles may bring. */
export const tokensPerPromptMax = 308;

/** A day: no client waits longer for a picture, and a timer of Node holds at most 24 days. */
export const deadlineMsMax = 24 * 60 * 60 * 1_000;

/** How far the two clocks may differ plus the longest transfer; a recorded request is useless after it. */
export const signatureAgeSecondsMax = 60;

/** HMAC-SHA-256 gains nothing beyond its 32-byte output and is guessable well below it. */
export const secretCharactersMin = 32;

/**
 * More signed requests a second than one process can take: 1,000 were measured, their sender beside it on two cores.
 */
const signedRequestsPerSecondMax = 10_000;

/**
 * Requests remembered to refuse replays, for at most twice a signature's age. The number follows from the rate, so that
 * no honest load fills it: 81 bytes each, so 1 MB at 200 requests a second, and never more than 100 MB.
 */
export const rememberedNoncesMax = 2 * signatureAgeSecondsMax * signedRequestsPerSecondMax;

/** 4096×4096 pixels at a 42nd of their side need 313 KB as float16; nothing larger is a latent of ours. */
export const latentFileBytesMax = 512 * 1024;

/**
 * JSON that names and counts, beside the files that it carries in base64. Every answer from outside has at most so
 * much.
 */
export const answerTextBytesMax = 64 * 1024;

/**
 * A picture file that a backend decoded: PNG of 2,800×2,800 pixels without any compression. An isolate has 128 MB.
 * Bytes.
 */
export const decodedPictureBytesMax = 32 * 1024 * 1024;

/**
 * Pictures that one answer holds in base64 although nobody asked for that: files, base64, JSON and its bytes take some
 * five times as much, and an isolate has 128 MB. Bytes.
 */
export const unaskedBase64BytesMax = 16 * 1024 * 1024;

/** A preview has the size of the picture or less; as PNG, 512×512 pixels need some 500 KB. */
export const previewBytesMax = 1024 * 1024;

/** Our own headers take some 400 bytes; the bound keeps a forged length from being parsed. */
export const latentHeaderBytesMax = 16 * 1024;

/** A photograph of a phone; larger ones gain nothing here, since pictures are made smaller than they are. Bytes. */
export const pictureBytesMax = 8 * 1024 * 1024;

/** A file that is to be verified: a PNG of 2048×2048 pixels of ours, and few enough to hold beside others. Bytes. */
export const verifiedFileBytesMax = 16 * 1024 * 1024;

/** The largest body needs 3 Mbit/s then. A sender that is slower holds memory which others need. */
export const bodySecondsMax = 60;

/** Four bytes a pixel while it is decoded, so 64 MiB; a small file can claim far more. */
export const picturePixelsMax = 4_096 * 4_096;

/** Picture and mask, both in base64, beside what any request may hold. */
export const picturesBodyBytesMax = 2 * Math.ceil(pictureBytesMax / 3) * 4 + requestBodyBytesMax;

/** A latent of 256×256 cells is the largest that fits a latent file of 4 channels. */
export const maskCellsMax = 65_536;

/** A latent file in base64. Characters. */
export const latentBase64CharactersMax = Math.ceil(latentFileBytesMax / 3) * 4;

/** Pictures that one prompt may bring: more would outweigh its words, each with as many tokens as the pooled text. */
export const imagePromptsMax = 4;

/** Such a picture is read at 224×224 pixels, so a larger file gains nothing. Bytes. */
export const imagePromptBytesMax = 1024 * 1024;

/** All pictures of a prompt in base64, beside what any request may hold. */
export const imagePromptsBodyBytesMax = requestBodyBytesMax + imagePromptsMax * Math.ceil(imagePromptBytesMax / 3) * 4;

/** What an encoder makes of a picture, in base64: 768 float16 numbers in the release, and room for larger ones. */
export const imageStatesCharactersMax = 16 * 1024;

/** A Stage C job may carry a latent to start from, a mask and pictures of its prompt beside what any request may. */
export const stageCBodyBytesMax =
  requestBodyBytesMax + latentBase64CharactersMax + maskCellsMax + imagePromptsMax * imageStatesCharactersMax;

/** The largest image side, in pixels, that any bundle may offer: it bounds the memory one decode takes. */
export const imageSidePixelsMax = 4_096;

/** A million dollars: a larger amount is a mistaken unit. Micro-USD. */
export const grantMicroUsdMax = 1_000_000_000_000;

/** As long as the keys of other paying APIs: four UUIDs fit. Characters. */
export const idempotencyKeyCharactersMax = 255;

/** Ten thousand a second by one key: more than an account's object can admit. */
export const requestsPerMinuteMax = 600_000;

/** What a key that names no rate may send: a batch tool's pace, and an endless loop's end. */
export const requestsPerMinuteDefault = 6_000;

/** Requests of one account in flight. Beyond it one account would fill the queue of every backend. */
export const concurrencyMaxMax = 10_000;

/** Requests in flight of an account without a limit of its own: the places of one account in a backend's queue. */
export const concurrencyMaxDefault = 64;

/** Latents of one prompt that requests without a seed go round, of an account that names no number. */
export const latentsPerPromptDefault = 4;

/** More would be a gallery, and every one is looked at when a request takes its turn. */
export const latentsPerPromptMax = 64;

/**
 * How far a prompt with `reuse: "similar"` may be from one that has latents: 1 − tokens in common ÷ tokens in either.
 * One token more or less in five ("a red apple, 3D"), any order, but no token for another in a prompt of eight or
 * fewer: there a single one ("green") makes a different picture.
 */
export const promptDistanceMax = 0.2;

/** Prompts of an account that are compared: some 1 MB of digests at the most, read in milliseconds. */
export const rememberedPromptsMax = 1_000;

/** A gibibyte: half a million latents of the embedded model, 58,000 of 1024×1024. Bytes. */
export const latentBytesMaxDefault = 2 ** 30;

/** A tebibyte, beyond which an account's object could not list its latents. Bytes. */
export const latentBytesMaxMax = 2 ** 40;

/** Keys of one account that work at once. */
export const keysPerAccountMax = 100;

/** Thirty days: a key that was not exchanged by then was forgotten. */
export const rotationOverlapSecondsMax = 30 * 86_400;

/** Prompts per job; each is a row of the job's storage. */
export const requestsPerJobMax = 10_000;

/**
 * All requests of a job together: each picture costs the check some tenth of a millisecond, and a client waits for it.
 */
export const picturesPerJobMax = 10_000;

/** 10,000 requests of some 800 bytes. Parsed it takes a few times as much, of the 128 MB that a Worker has. */
export const jobBodyBytesMax = 8 * 1024 * 1024;

/** Unfinished jobs of one account: those that do not run yet cost nothing but their rows. */
export const unfinishedJobsMax = 1_000;

/** What OpenAI's objects hold of `metadata`, and its Batch's and others' `custom_id`: pairs, characters, characters. */
export const metadataPairsMax = 16;
export const metadataKeyCharactersMax = 64;
export const metadataValueCharactersMax = 512;
export const customIdCharactersMax = 64;

/** Names of requests in one message of a webhook: 40 KB at the most, of the 128 KB that a queue's message may have. */
export const customIdsPerMessageMax = 100;

/** What browsers and proxies pass on without harm. Characters. */
export const webhookUrlCharactersMax = 2_048;

/** Entries on one page of a list: some 300 KB of results. */
export const pageEntriesMax = 1_000;

/** Days of one look at the traffic: a quarter, of some hundred rows per hour at most. */
export const trafficDaysMax = 92;

/** Names from outside are cut to this before they appear in a message. */
export const echoedNameCharactersMax = 64;

/** The manifest and the tokenizer of a model that is added. Those of 250,000 words have some 17 MB. */
export const modelBodyBytesMax = 20 * 1024 * 1024;

/** Models that one key may be limited to: its record is read at each request. */
export const keyModelsMax = 64;

/** How many requests a roll-out's rule may wait for: more than any threshold needs. */
export const rollOutRequestsMax = 1_000_000;

/** What a model may cost by the price book's measure: from nearly nothing to the largest card for a small picture. */
export const priceFactorMin = 0.01;
export const priceFactorMax = 1_000;
