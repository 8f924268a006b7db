-- Stands before every other script of this folder; scripts.py puts it there.

-- Many tokens come as one string, because Redis' protocol is slow for many.
local function token_at(tokens, index)
  return string.sub(tokens, 32 * index - 31, 32 * index)
end

-- Redis at its maxmemory lets a script write what grows only after it wrote something else: without
-- this a full Redis could not be emptied. It deletes nothing; the key is of a hash.
local function may_grow(key)
  redis.call('HDEL', key, '')
end

-- The class in a payload as it stands between its quotes; nil in what has none.
local function class_of(payload)
  return string.match(payload, '^%s*{%s*"class"%s*:%s*"(.-)"%s*[,}]')
    or string.match(payload, '"class"%s*:%s*"(.-)"%s*[,}]')
end

-- A step whose reply was lost is answered as it was then, and not taken again.
local function answered(session, step)
  local last = redis.call('HMGET', session, 'step', 'reply')
  return last[1] == step and last[2]
end

-- Remembers the reply while the consumer lives; its session must not be made anew by a late step.
local function answer(session, step, reply)
  if redis.call('EXISTS', session) == 1 then
    redis.call('HMSET', session, 'step', step, 'reply', reply)
  end
  return reply
end

-- Statuses 1 waiting, 2 running, 3 failed, 4 complete; only of a job whose producer asked for one.
-- php-resque's has status and updated; the fork's keeps the start, too, and has a result.
local function set_status(key, code, now)
  local packet = redis.call('GET', key)
  if not packet then
    return false
  end
  local text = '{"status":' .. code .. ',"updated":' .. now
  if string.find(packet, '"result":', 1, true) then
    local started = string.match(packet, '"started":(%d+)') or 'null'
    text = text .. ',"started":' .. started .. ',"result":null'
  end
  text = text .. '}'
  if code == '3' or code == '4' then
    redis.call('SET', key, text, 'EX', 86400)
  else
    redis.call('SET', key, text)
  end
  return true
end
