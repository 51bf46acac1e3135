import { z } from "zod";

const vocabularySchema = z.record(z.string(), z.number());

/** The models of `tokenizer.json` that have a token for what they lack. A byte-level BPE, as CLIP's, lacks nothing. */
const modelSchema = z.object({
  model: z.discriminatedUnion("type", [
    z.object({ type: z.enum(["WordPiece", "WordLevel"]), unk_token: z.string(), vocab: vocabularySchema }),
    z.object({ type: z.literal("Unigram"), unk_id: z.int() }),
  ]),
});

/** The id that a tokenizer gives to what its vocabulary lacks; undefined when it has none. */
export function unknownTokenId(tokenizerJson: unknown): number | undefined {
  const model = modelSchema.safeParse(tokenizerJson).data?.model;
  if (model === undefined) return undefined;
  return model.type === "Unigram" ? model.unk_id : model.vocab[model.unk_token];
}
