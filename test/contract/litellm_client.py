"""Asks for pictures by LiteLLM and prints, as one JSON line a call, what came back. Usage: litellm_client.py URL KEY"""

import json
import sys

import litellm

litellm.suppress_debug_info = True  # it would print advice between our lines


def call(**fields) -> dict:
    try:
        answer = litellm.image_generation(
            model="openai/tiny",
            api_base=sys.argv[1],
            api_key=sys.argv[2],
            prompt="red apple",
            max_retries=0,
            **fields,
        )
    except Exception as error:
        return {
            "error": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "message": str(error),
        }
    return {
        "pictures": [item.b64_json for item in answer.data],
        "input_tokens": answer.usage.input_tokens,
    }


known = {
    "n": 2,
    "size": "64x64",
    "quality": "high",
    "background": "opaque",
    "moderation": "low",
    "output_format": "webp",
}
for fields in (
    {**known, "output_compression": 80, "user": "someone"},
    {"extra_body": {"seed": 9, "guidance_scale": 2.5, "steps": 3}},
    {"extra_body": {"seed": 9, "guidance_scale": 2.5, "steps": 3}},
    {"size": "100x100"},
):
    print(json.dumps(call(**fields)))
