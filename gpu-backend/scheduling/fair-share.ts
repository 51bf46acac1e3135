/**
 * Divides a device between tenants by virtual time: start-time fair queueing (Goyal, Vin and Cheng, "Start-time Fair
 * Queueing", SIGCOMM 1996), for a device that works on several tasks at a time. A task's start tag is its tenant's last
 * finish tag, or the virtual time if that is later; its finish tag is that plus its cost. Whoever has the smallest
 * start tag goes first. Virtual time is the smallest start tag of the tasks that run, so a tenant that was silent has
 * no claim to the past, and one that asked for much waits only while others want something.
 *
 * Two tenants that always have work differ by at most one task of each in what they were given. Holds a number for each
 * tenant that runs or ran ahead of virtual time, and no more.
 */
export interface FairShare {
  /** The start tag that a task of this tenant would have now. */
  startOf(tenant: string): number;
  /** The start tag of the tenant's last task that began, or the virtual time if that is later. */
  lastStartOf(tenant: string): number;
  /**
   * Charges a task that begins, and gives its start tag. `cost`: in any unit, the same for all; above 0. A tenant that
   * weighs less is charged more for the same.
   */
  begin(tenant: string, cost: number): number;
  /** A task that began with this start tag has ended. */
  end(start: number): void;
  /** The smallest start tag that anything could have now. */
  virtualTime(): number;
}

/** Nobody has been given anything. */
export function createFairShare(): FairShare {
  const lastTasks = new Map<string, { readonly start: number; readonly finish: number }>();
  const running: number[] = [];
  let latest = 0;

  const virtualTime = () => (running.length === 0 ? latest : Math.min(...running));
  const startOf = (tenant: string) => Math.max(virtualTime(), lastTasks.get(tenant)?.finish ?? 0);

  return {
    startOf,
    lastStartOf: (tenant) => Math.max(virtualTime(), lastTasks.get(tenant)?.start ?? 0),
    virtualTime,
    begin(tenant, cost) {
      const start = startOf(tenant);
      lastTasks.set(tenant, { start, finish: start + cost });
      running.push(start);
      latest = Math.max(latest, start);
      return start;
    },
    end(start) {
      running.splice(running.indexOf(start), 1);
      const now = virtualTime();
      for (const [tenant, { finish }] of lastTasks) if (finish <= now) lastTasks.delete(tenant);
    },
  };
}
