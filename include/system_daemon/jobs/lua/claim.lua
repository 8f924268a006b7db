-- Moves up to n payloads from the head of the queue to this consumer, unless this claim was made.
-- Those that are not chosen by their class stay in the queue, in their order.
--
-- KEYS[1] queue:<q>                                 list, payloads
-- KEYS[2] system_daemon:processing:<consumer>:<q>   hash, token to payload
-- KEYS[3] system_daemon:consumer:<consumer>:<q>     hash, the consumer's session; expires
-- KEYS[4] pause-all-workers                         string, "true" while nobody may take a job
-- ARGV[1] the claim: 16 hex digits of the consumer, 8 of its number; a token adds 8 of an index
-- ARGV[2] n; 0 brings what the claim took before
-- ARGV[3] 'all'; or 'only' these classes; or these 'known' ones and payloads without a class
-- ARGV[4] how many payloads to look at    ARGV[5] ... each class, as payloads have it in quotes
-- Returns {state, lengths, payloads, tokens}; the last three each as one string, for speed.
-- State: 'claimed', 'paused', 'alone' (works a job alone that was interrupted before; or waits to),
-- 'unregistered' (no session: it must beat first)
local claim = ARGV[1]
local lengths, payloads, tokens = {}, {}, {}

local function reply(state)
  return {state, table.concat(lengths, ','), table.concat(payloads), table.concat(tokens)}
end

local session = redis.call('HMGET', KEYS[3], 'claim', 'suspect')
local last, suspect = session[1], session[2]
if not last then
  return reply('unregistered')
end

if string.sub(last, 1, 16) == string.sub(claim, 1, 16) and claim <= last then
  local held = redis.call('HGETALL', KEYS[2])
  local payload_of = {}
  for index = 1, #held, 2 do
    if string.sub(held[index], 1, 24) == claim then
      tokens[#tokens + 1] = held[index]
      payload_of[held[index]] = held[index + 1]
    end
  end
  table.sort(tokens)
  for index, token in ipairs(tokens) do
    payloads[index] = payload_of[token]
    lengths[index] = #payload_of[token]
  end
  return reply('claimed')
end
may_grow(KEYS[3])
redis.call('HSET', KEYS[3], 'claim', claim)

local paused = redis.call('GET', KEYS[4])
if paused and string.lower(string.match(paused, '^%s*(.-)%s*$')) == 'true' then
  return reply('paused')
end
if suspect then
  if redis.call('HEXISTS', KEYS[2], suspect) == 1 then
    return reply('alone')
  end
  redis.call('HDEL', KEYS[3], 'suspect')
end

-- A job whose consumer died may be what kills consumers: it is worked alone, so that it takes no
-- other job along. Its payload ends as payload.py writes it.
local function interrupted(payload)
  return string.byte(payload, -2) == 125
    and string.find(string.sub(payload, -32), '"interruptions":[1-9]%d*}}$')
end

local mode, listed = ARGV[3], {}
for index = 5, #ARGV do
  listed[ARGV[index]] = true
end

local function chosen(payload)
  if mode == 'all' then
    return true
  end
  local class = class_of(payload)
  return class and listed[class] or not class and mode == 'known'
end

local n = tonumber(ARGV[2])
local range = mode == 'all' and n or tonumber(ARGV[4])
local heads = n > 0 and redis.call('LRANGE', KEYS[1], 0, range - 1) or {}
local pairs_of_hash, places = {}, {}
for place, payload in ipairs(heads) do
  if #tokens == n then
    break
  end
  if chosen(payload) then
    local alone = interrupted(payload)
    local index = #tokens + 1
    if alone and index > 1 then
      break
    end
    if alone and redis.call('EXISTS', KEYS[2]) == 1 then
      return reply('alone')
    end
    local token = claim .. string.format('%08x', index)
    payloads[index], lengths[index], tokens[index] = payload, #payload, token
    pairs_of_hash[2 * index - 1], pairs_of_hash[2 * index] = token, payload
    places[index] = place - 1
    if alone then
      redis.call('HSET', KEYS[3], 'suspect', token)
      break
    end
  end
end
if #tokens > 0 then
  for first = 1, #pairs_of_hash, 1000 do
    local final = math.min(first + 999, #pairs_of_hash)
    redis.call('HMSET', KEYS[2], unpack(pairs_of_hash, first, final))
  end
  if places[#places] == #places - 1 then
    redis.call('LTRIM', KEYS[1], #tokens, -1)
  else
    local taken = 'taken by ' .. claim
    for _, place in ipairs(places) do
      redis.call('LSET', KEYS[1], place, taken)
    end
    redis.call('LREM', KEYS[1], #places, taken)
  end
end
return reply('claimed')
