-- Of ten requests seven read as the host, two change a draft of the student, and one acknowledges a nomination.
dofile(os.getenv("TOLD"))

local prefix = os.getenv("PREFIX")
local many = tonumber(os.getenv("MANY"))
local run = os.getenv("RUN")
local draft, nominated = os.getenv("DRAFT"), os.getenv("NOMINATED")
local kind = { ["Content-Type"] = "application/json" }
local host = { ["Authorization"] = "Bearer " .. os.getenv("HOST") }
local student = { ["Authorization"] = "Bearer " .. os.getenv("STUDENT") }
local acknowledge = '{"event":"acknowledge","data":{}}'
local change = '{"submit_at_bell":true}'

upcoming = tonumber(os.getenv("FROM"))
local turn = -1

local function path(number)
  return "/api/v1/applications/" .. prefix .. string.format("%012x", number + 1)
end

local function headers(of, version, key)
  return {
    ["Authorization"] = of["Authorization"],
    ["Content-Type"] = kind["Content-Type"],
    ["If-Match"] = '"' .. version .. '"',
    ["Idempotency-Key"] = key,
  }
end

function request()
  turn = turn + 1
  local step = turn % 10
  if turn == 0 then
    return wrk.format("GET", "/")
  elseif step == 3 or step == 7 then
    upcoming = upcoming + 1
    return wrk.format("PATCH", path(upcoming - 1), headers(student, draft, run .. "d" .. upcoming), change)
  elseif step == 5 then
    local number = many + upcoming
    return wrk.format("POST", path(number) .. "/events", headers(host, nominated, run .. "n" .. number), acknowledge)
  elseif step == 9 then
    return wrk.format("GET", "/api/v1/applications?waiting_for_me=true&limit=25", host)
  end
  return wrk.format("GET", path(many + (turn * 7919) % many), host)
end
