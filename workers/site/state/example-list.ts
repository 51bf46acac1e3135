/** What the playground's example pictures show, by the name of each one's file in `pictures/`, and what makes each. */
export const exampleList = [
  { name: "apple", prompt: "red apple", style: "3D", seed: 2 },
  { name: "fox", prompt: "fox", style: "3D", seed: 3 },
  { name: "rainbow", prompt: "rainbow", style: "3D", seed: 1 },
  { name: "rocket", prompt: "rocket", style: "3D", seed: 3 },
  { name: "strawberry", prompt: "strawberry", style: "flat", seed: 4 },
  { name: "sunflower", prompt: "sunflower", style: "3D", seed: 3 },
  { name: "butterfly", prompt: "blue butterfly", style: "noto", seed: 5 },
  { name: "house", prompt: "house", style: "flat", seed: 6 },
] as const;
