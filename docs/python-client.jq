# /openapi.json in a form that openapi-python-client 0.29 turns into a package that imports: it writes a body with several
# picture types as code that lacks a name, so the first one stands for all. The service reads the type from the file.
walk(
  if type == "object" and has("requestBody") then
    .requestBody.content |= (to_entries | if all(.key | startswith("image/")) then .[:1] else . end | from_entries)
  else . end
)
