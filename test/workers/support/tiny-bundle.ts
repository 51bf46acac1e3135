import { builtInBundle } from "../../../workers/models/bundle.ts";
import { createModelRegistry } from "../../../workers/models/registry.ts";

/** The bundle under test/support/models/tiny, to which the tests' configuration points `#bundle`. */
export const tinyBundle = builtInBundle;

/** Its registry. */
export const models = createModelRegistry(tinyBundle);

/** Its manifest: sizes ["64x64"], 16 tokens, steps 1…100 (6), guidance 1…15 (3). */
export const manifest = models.default.manifest;
