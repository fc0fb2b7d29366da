-- The places among the messages in flight to one agent, as in ledger.rs: one JSON value under
-- KEYS[1], by client: how many places, and until when.
-- ARGV: client, most, want, milliseconds of the lease. Returns the places held.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local name, most, want, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local text = redis.call('GET', KEYS[1])
local held = text and cjson.decode(text) or {}
local taken, mine, last = 0, 0, now + lease
for other, places in pairs(held) do
  if places[2] <= now then
    held[other] = nil
  elseif other == name then
    mine = places[1]
  else
    taken = taken + places[1]
    last = math.max(last, places[2])
  end
end
-- What a client has is not taken from it, whatever others hold.
local places = math.min(want, math.max(mine, most - taken))
if places > 0 then held[name] = { places, now + lease } else held[name] = nil end
if next(held) then
  redis.call('SET', KEYS[1], cjson.encode(held), 'PX', last - now)
else
  redis.call('DEL', KEYS[1])
end
return places
