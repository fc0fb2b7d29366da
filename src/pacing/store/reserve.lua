-- One reservation, as in ledger.rs: a window's state is one JSON value under KEYS[1].
-- ARGV: client, want, answered, refused, returned, jitter (0 to 1), then, if the server told
-- anything of the window: limit, used, reset (Unix seconds), milliseconds until the reset.
-- Returns: calls, milliseconds until the next try (-1: none), clients, milliseconds until the reset
-- (-1: unknown), the clock in milliseconds.
local CLIENT_KEPT, LEASE, PROBE, QUOTA, SOON = 75000, 5000, 2000, 1000, 50

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local name, want = ARGV[1], tonumber(ARGV[2])
local answered, refused, returned = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local jitter = tonumber(ARGV[6])

local text = redis.call('GET', KEYS[1])
local s = text and cjson.decode(text) or {
  limit = 0, reset = 0, ends = 0, began = 0, granted = 0, foreign = 0, aside = 0,
  accepted = 0, used = 0, probe = 0, clients = {}
}

local function count_clients()
  local n = 0
  for _ in pairs(s.clients) do n = n + 1 end
  return n
end

for other, client in pairs(s.clients) do
  if now - client.seen >= CLIENT_KEPT then s.clients[other] = nil end
end
local me = s.clients[name]
if not me then
  me = { seen = now, out = 0, since = 0, got = 0, before = 0, quota = 0 }
  s.clients[name] = me
  if s.limit > 0 then me.quota = s.limit / count_clients() end
end
me.seen = now

local function begin_period()
  s.aside = (s.aside + math.max(0, s.used - s.accepted)) / 2
  s.granted, s.foreign, s.accepted, s.used = 0, 0, 0, 0
  s.began, s.ends = now, 0
  local n, sum = 0, 0
  for _, client in pairs(s.clients) do
    client.before = 0.8 * client.before + client.got
    client.got = 0
    n = n + 1
    sum = sum + client.before
    -- What is still on its way may be counted in the new period.
    s.granted = s.granted + client.out
  end
  for _, client in pairs(s.clients) do
    client.quota = s.limit / n + sum / n - client.before
  end
end

if s.ends > 0 and now >= s.ends then begin_period() end

-- What the client reports.
if ARGV[7] then
  local limit, used = tonumber(ARGV[7]), tonumber(ARGV[8])
  local reset, ends = tonumber(ARGV[9]), now + tonumber(ARGV[10])
  if reset > s.reset then
    if s.ends > 0 then begin_period() end
    s.reset, s.ends = reset, ends
  elseif reset == s.reset and s.ends > 0 then
    -- Clients take the reset to be late rather than early.
    s.ends = math.min(s.ends, ends)
  else
    -- These calls were counted in a period that is over.
    returned, answered, refused = returned + answered, 0, 0
    limit = nil
  end
  if limit then
    s.limit = limit
    s.used = math.max(s.used, used)
  end
end
-- Another client may try, if this one has not found out the limit.
if answered + returned > 0 then s.probe = 0 end
returned = math.min(returned, me.out)
me.out = math.max(0, me.out - returned - answered)
s.granted = math.max(0, s.granted - returned)
s.accepted = s.accepted + math.max(0, answered - refused)
if s.used > s.granted + s.foreign then s.foreign = s.used - s.granted end
if refused > 0 then s.foreign = math.max(s.foreign, s.limit - s.granted) end

-- Calls that were reserved and not reported in time will not be sent.
local out = 0
local taken = math.max(0, s.used - s.foreign)
for _, client in pairs(s.clients) do
  if client.out > 0 and now >= client.since + LEASE then
    s.granted = math.max(taken, math.max(0, s.granted - client.out))
    client.out = 0
  end
  out = out + client.out
end

local n = count_clients()
local calls, wait = 0, -1

local function reserve()
  if s.limit == 0 then
    if want == 0 then return 0, -1 end
    if now < s.probe then return 0, SOON end
    s.probe = now + PROBE
    return 1, -1
  end
  if out == 0 and s.used > 0 then
    -- Nothing is on its way: the server is the truth.
    s.granted = s.accepted
    s.foreign = math.max(0, s.used - s.accepted)
  end
  local free = math.max(0, s.limit - s.granted - s.foreign)
  local left = free
  if out > 0 then
    left = math.max(0, free - math.max(0, math.floor(s.aside) - s.foreign))
  end
  local batch = left
  if n > 1 then batch = math.max(1, math.ceil(left / (2 * n))) end
  local most = math.min(want, batch, left)
  if n > 1 and s.began > 0 and now < s.began + QUOTA then
    local quota = math.max(0, math.floor(math.max(0, me.quota)) - me.got)
    if quota == 0 and most > 0 then
      return 0, s.began + QUOTA - now + math.floor(20 * jitter)
    end
    most = math.min(most, quota)
  end
  if most > 0 or want == 0 then return most, -1 end
  if s.ends == 0 then return 0, SOON end
  local rank, first = 0, nil
  for other, client in pairs(s.clients) do
    if other < name then rank = rank + 1 end
    if other ~= name and client.out > 0 then
      local lease_ends = client.since + LEASE
      if not first or lease_ends < first then first = lease_ends end
    end
  end
  local at = s.ends + 5 * rank
  if s.used < s.limit and first then at = math.min(at, first) end
  if free > left then at = math.min(at, now + 500) end
  return 0, math.max(1, at - now)
end

calls, wait = reserve()
if calls > 0 then
  s.granted = s.granted + calls
  me.out = me.out + calls
  me.since = now
  me.got = me.got + calls
end
-- Forgotten a while after the reset, and sooner than any window is long if the reset is unknown.
local kept = math.max(0, s.ends - now) + 2 * CLIENT_KEPT
redis.call('SET', KEYS[1], cjson.encode(s), 'PX', kept)
return { calls, wait, n, s.ends > 0 and s.ends - now or -1, now }
