/** Header of the backend's answers to tasks: the milliseconds of work that it has before it, whole. */
export const backlogHeader = "x-wuerstchen-backlog-ms";

/** More than any queue holds; a larger number is a mistake. A day. */
const backlogMsMax = 86_400_000;

/** Milliseconds as the header's value. */
export function formatBacklog(milliseconds: number): string {
  return String(Math.min(Math.ceil(milliseconds), backlogMsMax));
}

/**
 * Reads what `formatBacklog` wrote; undefined when it is absent or anything else, since it only ever helps to choose.
 */
export function parseBacklog(header: string | null): number | undefined {
  if (header === null || !/^\d{1,8}$/u.test(header)) return undefined;
  return Math.min(Number(header), backlogMsMax);
}
