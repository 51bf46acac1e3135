import { type ByteBudget, createByteBudget } from "../../shared/byte-budget.ts";
import { picturesBodyBytesMax, verifiedFileBytesMax } from "../../shared/limits.ts";

/**
 * Bodies that an isolate holds at a time. It has 128 MB (Cloudflare's "Workers limits"), and a body that is parsed
 * exists twice. Bytes.
 */
const isolateBytesMax = 48 * 1024 * 1024;

/** One account, or all strangers together: at most half, and room for the largest body. Bytes. */
const holderBytesMax = isolateBytesMax / 2;

/** One address without a credential: the largest file that it may send. Bytes. */
const addressBytesMax = verifiedFileBytesMax;

/**
 * After this, a body counts no more: the platform drops a request whose client has left, without a word to its code.
 */
const leaseMsMax = 120_000;

/** On whose behalf a body is read: a caller that showed a credential, or an address. */
export type BodyHolder = { readonly caller: string } | { readonly address: string };

/** The room that one body takes. */
export interface BodyLease {
  /** Sets so many more bytes aside; false, and nothing is, when there is no room. */
  reserve(bytes: number): boolean;
  /** Frees all of it. */
  release(): void;
}

/** The room that an isolate has for bodies. */
export interface BodyBudget {
  open(holder: BodyHolder): BodyLease;
}

interface OpenLease {
  readonly untilMs: number;
  readonly frees: (() => void)[];
}

/** Callers without a key share one half of the isolate's room, so they never displace a caller with a key. */
export function createBodyBudget(nowMs: () => number): BodyBudget {
  const isolate = createByteBudget({ bytesMax: isolateBytesMax, holderBytesMax });
  const strangers = createByteBudget({ bytesMax: holderBytesMax, holderBytesMax: addressBytesMax });
  // In the order in which they end.
  const leases = new Set<OpenLease>();

  function close(lease: OpenLease): void {
    leases.delete(lease);
    for (const free of lease.frees.splice(0)) free();
  }

  function closeAbandoned(): void {
    for (const lease of leases) {
      if (nowMs() < lease.untilMs) return;
      close(lease);
    }
  }

  return {
    open(holder) {
      closeAbandoned();
      const lease: OpenLease = { untilMs: nowMs() + leaseMsMax, frees: [] };
      leases.add(lease);
      const shares = sharesOf(holder, { isolate, strangers });
      return {
        reserve(bytes) {
          const frees = takeAll(shares, bytes);
          // A lease that has ended holds nothing.
          if (frees === undefined || !leases.has(lease)) return closeAll(frees);
          lease.frees.push(...frees);
          return true;
        },
        release: () => close(lease),
      };
    },
  };
}

function closeAll(frees: readonly (() => void)[] | undefined): false {
  for (const free of frees ?? []) free();
  return false;
}

type Share = readonly [budget: ByteBudget, holder: string];

function sharesOf(
  holder: BodyHolder,
  { isolate, strangers }: { readonly isolate: ByteBudget; readonly strangers: ByteBudget },
): readonly Share[] {
  if ("caller" in holder) return [[isolate, `caller:${holder.caller}`]];
  return [
    [strangers, holder.address],
    [isolate, "strangers"],
  ];
}

/** From every budget, or from none. */
function takeAll(shares: readonly Share[], bytes: number): readonly (() => void)[] | undefined {
  const frees: (() => void)[] = [];
  for (const [budget, holder] of shares) {
    const free = budget.take(holder, bytes);
    if (free === undefined) return void closeAll(frees);
    frees.push(free);
  }
  return frees;
}

if (holderBytesMax < picturesBodyBytesMax) throw new RangeError("A body of the greatest length would never fit.");
