/** Every sentence of the gallery, in English: the list that other languages are held to. */
export const en = {
  title: "Gallery",
  intro:
    "Every latent that this account keeps, newest first, as a rough picture that your device makes of it. No prompt is stored, so none can be shown. The exact picture comes again for the price on its button, or from this device, which costs nothing.",
  empty: "Nothing is kept yet. What you make in the playground appears here.",
  make: "Make a picture",
  list: "Latents",
  latent: (number: number) => `Latent ${number}`,
  preview: (number: number) => `AI-made rough picture of latent ${number}`,
  sources: { generation: "From a prompt", picture: "From a picture", interpolation: "A mix", upload: "Uploaded" },
  unknownSource: "Source unknown",
  seed: (seed: number) => `Seed ${seed}`,
  hits: (hits: number) => (hits === 1 ? "Used again once" : `Used again ${hits} times`),
  show: (price: string) => `Show for ${price} at most`,
  unavailable: "Made by an earlier model; it cannot be shown any more.",
  shown: (price: string) => `Cost ${price}`,
  here: "Show here, free",
  picture: (number: number) => `AI-made picture of latent ${number}`,
  remove: "Delete",
  removeOf: (number: number) => `Delete latent ${number}`,
  confirmTitle: "Delete this latent?",
  confirm: "Its picture cannot be made again from it, and links to the picture end. Nothing is refunded.",
  confirmYes: "Delete it",
  confirmNo: "Keep it",
  older: "Show older",
};

/** The shape of a language. */
export type GalleryWords = typeof en;
