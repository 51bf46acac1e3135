const stateWords = 624;
const middleWord = 397;
const upperBit = 0x8000_0000;
const lowerBits = 0x7fff_ffff;

/** A stream of unsigned 32-bit numbers. */
export interface RandomWords {
  next(): number;
}

/** The Mersenne Twister (Matsumoto & Nishimura 1998), seeded as PyTorch's CPU generator. `seed`: 0…2³²−1. */
export function createMt19937(seed: number): RandomWords {
  const state = initialState(seed);
  let position = stateWords;

  return {
    next() {
      if (position === stateWords) {
        twist(state);
        position = 0;
      }
      const word = state[position] ?? 0;
      position += 1;
      return temper(word);
    },
  };
}

function initialState(seed: number): Uint32Array {
  const state = new Uint32Array(stateWords);
  let word = seed >>> 0;
  state[0] = word;
  for (let i = 1; i < stateWords; i += 1) {
    word = (Math.imul(1_812_433_253, word ^ (word >>> 30)) + i) >>> 0;
    state[i] = word;
  }
  return state;
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < stateWords; i += 1) {
    const joined = ((state[i] ?? 0) & upperBit) | ((state[(i + 1) % stateWords] ?? 0) & lowerBits);
    const odd = (joined & 1) === 0 ? 0 : 0x9908_b0df;
    state[i] = (state[(i + middleWord) % stateWords] ?? 0) ^ (joined >>> 1) ^ odd;
  }
}

function temper(word: number): number {
  let mixed = word ^ (word >>> 11);
  mixed ^= (mixed << 7) & 0x9d2c_5680;
  mixed ^= (mixed << 15) & 0xefc6_0000;
  return (mixed ^ (mixed >>> 18)) >>> 0;
}
