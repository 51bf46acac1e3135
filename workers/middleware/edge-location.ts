/** Where there is no network of data centres: on a developer's machine and in tests. */
const localLocation = "local";

/** The data centre that a request reached, by its airport's code: pictures are kept, and decoded once, for each. */
export function edgeLocation(request: Request): string {
  const location = request.cf?.["colo"];
  return typeof location === "string" ? location : localLocation;
}
