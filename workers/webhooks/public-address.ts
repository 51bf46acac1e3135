/**
 * IPv4 ranges that are not the public internet, as [first address, bits of the prefix]. IANA's special-purpose
 * registry.
 */
const reservedIpv4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** Within the public range 2000::/3, what is not public or leads to an IPv4 address: Teredo, ORCHID, samples, 6to4. */
const reservedIpv6 = /^(?:2001:(?:0{0,4}:|[01]?[0-9a-f]{1,2}:|db8:)|2001::|2002:|3fff:)/u;

/** Whether an address, as the URL parser writes it, is on the public internet. Anything that is no address is not. */
export function isPublicAddress(address: string): boolean {
  if (address.includes(":")) return /^[23][0-9a-f]{3}:/u.test(address) && !reservedIpv6.test(address);
  const value = ipv4Value(address);
  if (value === undefined) return false;
  return !reservedIpv4.some(([first, bits]) => {
    const size = 2 ** (32 - bits);
    return Math.floor(value / size) === Math.floor((ipv4Value(first) ?? 0) / size);
  });
}

function ipv4Value(address: string): number | undefined {
  const parts = address.split(".").map(Number);
  if (parts.length !== 4 || !parts.every((part) => Number.isInteger(part) && part >= 0 && part < 256)) return undefined;
  return parts.reduce((value, part) => value * 256 + part, 0);
}
