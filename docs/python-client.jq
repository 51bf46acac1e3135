# /openapi.json in a form that openapi-python-client 0.29 turns into a package that imports. It knows bytes as `format:
# binary` alone. Of a body with several picture types it makes code that lacks a name, so the first type stands for all.
walk(
  if type != "object" then .
  elif (.contentMediaType? // "" | test("^(image/|application/octet-stream)")) then del(.contentMediaType) + { format: "binary" }
  elif has("requestBody") then
    .requestBody.content |= (to_entries | if all(.key | startswith("image/")) then .[:1] else . end | from_entries)
  else . end
)
