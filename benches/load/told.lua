-- What every script does with answers, and tells at its end in lines that the driver reads.
local threads = {}

-- Answers without success, and where the next run goes on; each script counts for itself.
refused = 0
upcoming = 0

function response(status, _, body)
  if status ~= 200 then
    refused = refused + 1
    if refused <= 3 then
      io.stderr:write(status .. " " .. body .. "\n")
    end
  end
end

function setup(thread)
  table.insert(threads, thread)
end

function done(summary, latency)
  local errors, next = 0, 0
  for _, thread in ipairs(threads) do
    errors = errors + (thread:get("refused") or 0)
    next = math.max(next, thread:get("upcoming") or 0)
  end
  local broken = summary.errors
  errors = errors + broken.connect + broken.read + broken.write + broken.timeout
  print("answers " .. summary.requests)
  print("errors " .. math.floor(errors))
  print("seconds " .. summary.duration / 1e6)
  print("p50 " .. latency:percentile(50) / 1e3)
  print("p99 " .. latency:percentile(99) / 1e3)
  print("p99.9 " .. latency:percentile(99.9) / 1e3)
  print("next " .. math.floor(next))
end
