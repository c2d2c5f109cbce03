-- One list page after the other, in turn.
dofile(os.getenv("TOLD"))

local paths = {}
for path in os.getenv("PATHS"):gmatch("%S+") do
  table.insert(paths, path)
end
local headers = { ["Authorization"] = "Bearer " .. os.getenv("TOKEN") }

function request()
  upcoming = upcoming + 1
  return wrk.format("GET", paths[upcoming % #paths + 1], headers)
end
