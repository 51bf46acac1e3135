import type { GalleryWords } from "./words-en.ts";

/** 日本語 */
export const ja: GalleryWords = {
  title: "ギャラリー",
  intro:
    "このアカウントに保存されている潜在表現を、この端末で作るおおまかな画像として新しい順に表示します。プロンプトは保存されないため、表示できません。正確な画像は、ボタンの料金で、またはこの端末で無料で表示できます。",
  empty: "まだ何も保存されていません。プレイグラウンドで作った画像がここに並びます。",
  make: "画像を作る",
  list: "潜在表現",
  latent: (number) => `潜在表現 ${number}`,
  preview: (number) => `潜在表現 ${number} のおおまかな AI 生成画像`,
  sources: { generation: "プロンプトから", picture: "画像から", interpolation: "混合", upload: "アップロード" },
  unknownSource: "由来不明",
  seed: (seed) => `シード ${seed}`,
  hits: (hits) => `再利用 ${hits} 回`,
  show: (price) => `表示（最大 ${price}）`,
  unavailable: "以前のモデルで作られたため、表示できません。",
  shown: (price) => `料金 ${price}`,
  here: "端末で表示（無料）",
  picture: (number) => `潜在表現 ${number} の AI 生成画像`,
  remove: "削除",
  removeOf: (number) => `潜在表現 ${number} を削除`,
  confirmTitle: "この潜在表現を削除しますか？",
  confirm: "ここから画像を作り直せなくなり、画像へのリンクも無効になります。返金はありません。",
  confirmYes: "削除する",
  confirmNo: "残す",
  older: "さらに表示",
};
