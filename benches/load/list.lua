-- One list page after the other, in turn.
dofile(os.getenv("TOLD"))

local paths = {}
for path in os.getenv("PATHS"):gmatch("%S+") do
  table.insert(paths, path)
end
local headers = { ["Authorization"] = "Bearer " .. os.getenv("TOKEN") }

refused = 0
upcoming = 0

function request()
  upcoming = upcoming + 1
  return wrk.format("GET", paths[upcoming % #paths + 1], headers)
end

function response(status)
  if status ~= 200 then
    refused = refused + 1
  end
end
