-- `acknowledge` of one case, then `approve` of one that was acknowledged beforehand, alternately.
dofile(os.getenv("TOLD"))

local prefix = os.getenv("PREFIX")
local version = tonumber(os.getenv("VERSION"))
local acknowledged = tonumber(os.getenv("ACKNOWLEDGED"))
local run = os.getenv("RUN")
local headers = { ["Authorization"] = "Bearer " .. os.getenv("TOKEN"), ["Content-Type"] = "application/json" }
local acknowledge = '{"event":"acknowledge","data":{}}'
local approve = '{"event":"approve","data":{"no_conflict":true}}'

upcoming = tonumber(os.getenv("FROM"))
local turn = -1

local function event(number, at, body, name)
  headers["If-Match"] = '"' .. at .. '"'
  headers["Idempotency-Key"] = run .. name .. number
  local path = "/api/v1/applications/" .. prefix .. string.format("%012x", number + 1) .. "/events"
  return wrk.format("POST", path, headers, body)
end

function request()
  turn = turn + 1
  -- wrk asks for one request beforehand, to see whether it can read it, and does not send it.
  if turn == 0 then
    return wrk.format("GET", "/")
  end
  if turn % 2 == 0 then
    return event(acknowledged + upcoming - 1, version + 1, approve, "b")
  end
  upcoming = upcoming + 1
  return event(upcoming - 1, version, acknowledge, "a")
end
