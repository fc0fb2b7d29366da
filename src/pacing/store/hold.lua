-- The places among the messages in flight to one agent, as in ledger.rs: one JSON value under
-- KEYS[1], by client: how many places it has, how many it wants, and until when.
-- ARGV: client, most, has, want, milliseconds of the lease. Returns the places that it may use.
local WAITS = 5000

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local name, most = ARGV[1], tonumber(ARGV[2])
local has, want, lease = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local text = redis.call('GET', KEYS[1])
local clients = text and cjson.decode(text) or {}
clients[name] = nil
local taken, others, last = 0, 0, 0
for other, holder in pairs(clients) do
  if holder[3] <= now then
    clients[other] = nil
  else
    taken = taken + holder[1]
    others = others + 1
    last = math.max(last, holder[3])
  end
end

local may_use = 0
if has > 0 or want > 0 then
  local share = math.floor(most / (1 + others))
  local free = math.max(0, most - taken)
  local fair = free
  for _, holder in pairs(clients) do
    if holder[1] < math.min(holder[2], math.max(1, share)) then fair = share end
  end
  may_use = math.min(want, fair, math.max(free, has))
  local places = math.max(may_use, has)
  if places == 0 then lease = WAITS end
  clients[name] = { places, want, now + lease }
  last = math.max(last, now + lease)
end
if next(clients) then
  redis.call('SET', KEYS[1], cjson.encode(clients), 'PX', last - now)
else
  redis.call('DEL', KEYS[1])
end
return may_use
