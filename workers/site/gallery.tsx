import { render } from "preact";
import "./style/base.css";
import "./style/figures-page.css";
import "./style/account.css";
import "./style/gallery.css";
import { Gallery } from "./gallery/gallery-list.tsx";
import { loadFirstPage } from "./gallery/listed-latents.ts";
import { galleryWords } from "./gallery/words.ts";
import { refreshBalance } from "./state/session.ts";
import { followTheme } from "./state/theme.ts";
import { AccountFrame } from "./view/account-frame.tsx";
import { followLanguage } from "./words/words.ts";

function GalleryPage() {
  return (
    <AccountFrame page="gallery" title={galleryWords.value.title}>
      <Gallery />
    </AccountFrame>
  );
}

followLanguage();
followTheme();
// Both first, because what they tell would move what is on the page already.
await Promise.all([refreshBalance(), loadFirstPage()]);
const root = document.querySelector("#app");
if (root !== null) render(<GalleryPage />, root);
