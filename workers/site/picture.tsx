import { useSignal } from "@preact/signals";
import { render } from "preact";
import { useEffect } from "preact/hooks";
import "./style/base.css";
import "./style/playground.css";
import "./style/panels.css";
import { packLatent } from "./decoder/decoder.ts";
import { readLatentFragment } from "./decoder/latent-link.ts";
import { type DeviceDecode, startDeviceDecode } from "./state/device.ts";
import { followTheme } from "./state/theme.ts";
import { DevicePicture } from "./view/device-picture.tsx";
import { SiteHeader } from "./view/site-header.tsx";
import { followLanguage, words } from "./words/words.ts";

/** A picture that a link holds: nothing of it is sent anywhere. */
function LinkedPicture() {
  const { share: texts } = words.value;
  const decode = useSignal<DeviceDecode | undefined>(undefined);

  useEffect(() => {
    const show = () => void showLinked(decode);
    show();
    window.addEventListener("hashchange", show);
    return () => window.removeEventListener("hashchange", show);
  }, [decode]);

  return (
    <>
      <SiteHeader page="picture" />
      <main class="linked">
        <h1>{texts.title}</h1>
        {decode.value === undefined ? (
          <p class="notice fault" role="alert">
            {texts.broken}
          </p>
        ) : (
          <>
            <p class="help">{texts.intro}</p>
            <DevicePicture decode={decode.value} label={texts.title} />
            <p class="notice">{texts.notVerified}</p>
          </>
        )}
        <p>
          <a href="/">{texts.tryIt}</a>
        </p>
      </main>
    </>
  );
}

async function showLinked(decode: { value: DeviceDecode | undefined }): Promise<void> {
  const latent = readLatentFragment(location.hash);
  decode.value = latent && { state: "loading", share: 0 };
  if (latent === undefined) return;
  try {
    const { progress, finished } = startDeviceDecode(await packLatent(latent));
    progress.subscribe((value) => {
      decode.value = value;
    });
    await finished;
  } catch (error) {
    decode.value = { state: "failed", error };
  }
}

followLanguage();
followTheme();
const root = document.querySelector("#app");
if (root !== null) render(<LinkedPicture />, root);
