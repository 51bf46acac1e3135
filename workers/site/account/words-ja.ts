import type { AccountWords } from "./words-en.ts";

/** 日本語 */
export const ja: AccountWords = {
  title: "アカウント",
  balance: {
    title: "残高",
    available: "利用可能",
    held: "実行中の処理のために確保",
    spent: "これまでの利用額",
    unread: "このキーではアカウントを表示できません。発行者に read 権限のあるキーを依頼してください。",
  },
};
