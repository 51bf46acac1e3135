interface Message {
  readonly name: string;
  readonly arrive: () => void;
  readonly lose: () => void;
}

/**
 * Messages under way. Each arrives, is lost or is doubled when a test says so: later is a delay, and another one first
 * is another order. Two of one name are the same message, sent twice.
 */
export class VirtualNetwork {
  #messages: readonly Message[] = [];

  /** What is under way, by name. */
  get names(): readonly string[] {
    return this.#messages.map(({ name }) => name).toSorted();
  }

  /** `lose`: what the sender notices when it does not arrive. */
  send(name: string, arrive: () => void, lose: () => void = () => undefined): void {
    this.#messages = [...this.#messages, { name, arrive, lose }];
  }

  arrive(name: string): void {
    this.#take(name).arrive();
  }

  lose(name: string): void {
    this.#take(name).lose();
  }

  double(name: string): void {
    this.#messages = [...this.#messages, this.#find(name)];
  }

  #take(name: string): Message {
    const found = this.#find(name);
    const index = this.#messages.indexOf(found);
    this.#messages = this.#messages.filter((_, place) => place !== index);
    return found;
  }

  #find(name: string): Message {
    const found = this.#messages.find((message) => message.name === name);
    if (found === undefined) throw new TypeError(`No message is under way that is called "${name}".`);
    return found;
  }
}
