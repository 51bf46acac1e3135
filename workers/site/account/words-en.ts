/** Every sentence of the account page, in English: the list that other languages are held to. */
export const en = {
  title: "Account",
  balance: {
    title: "Balance",
    available: "Available",
    held: "Reserved for work under way",
    spent: "Spent so far",
    unread: "This key may not read the account. Ask who issued it for a key with the scope read.",
  },
};

/** The shape of a language. */
export type AccountWords = typeof en;
