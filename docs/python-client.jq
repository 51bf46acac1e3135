# /openapi.json in a form that openapi-python-client 0.29 turns into a package that imports: binary files as
# `format: binary`, constants of optional fields as booleans, and one type a body of bytes.
walk(
  if type != "object" then .
  elif (.contentMediaType? // "" | test("^(image/|application/octet-stream)")) then del(.contentMediaType) + { format: "binary" }
  elif .const? == true then del(.const) + { type: "boolean" }
  elif has("requestBody") then
    .requestBody.content |= (to_entries | if all(.key | startswith("image/")) then .[:1] else . end | from_entries)
  else . end
)
