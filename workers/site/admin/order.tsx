import { type Signal, useSignal } from "@preact/signals";
import { errorText } from "../view/error-text.ts";

/** What came of the last order that was sent. */
export interface Order {
  readonly note: Signal<string>;
  readonly fault: Signal<string>;
  /** Sends an order. What it gives becomes the note; why it is refused becomes the fault. */
  send(order: () => Promise<string | undefined>): Promise<void>;
}

/** Nothing was sent. */
export function useOrder(): Order {
  const note = useSignal("");
  const fault = useSignal("");
  return {
    note,
    fault,
    async send(order) {
      note.value = "";
      fault.value = "";
      try {
        note.value = (await order()) ?? "";
      } catch (error) {
        fault.value = errorText(error);
      }
    },
  };
}

/** For a form that sends by itself, and not by the browser. */
export function onSubmit(send: () => Promise<void>): (event: Event) => void {
  return (event) => {
    event.preventDefault();
    void send();
  };
}

/** Told to a screen reader as it changes. */
export function OrderOutcome({ note, fault }: Order) {
  return (
    <>
      <p role="status">{note.value}</p>
      <OrderFault fault={fault} />
    </>
  );
}

/** For orders whose effect is seen without a note. */
export function OrderFault({ fault }: Pick<Order, "fault">) {
  return (
    <p class="fault" role="alert">
      {fault.value}
    </p>
  );
}
