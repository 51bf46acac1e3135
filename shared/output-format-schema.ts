import { z } from "zod";
import { outputFormatNames } from "./output-format.ts";

/** The picture formats, under the names that OpenAI's API gives them. Apart, so that pages need no schema library. */
export const outputFormatSchema = z.enum(outputFormatNames);
