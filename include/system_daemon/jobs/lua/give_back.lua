-- Puts jobs of this consumer back to the head of their queue, in their order.
--
-- KEYS[1] system_daemon:processing:<consumer>:<q>   hash, token to payload
-- KEYS[2] system_daemon:consumer:<consumer>:<q>     hash, the consumer's session; expires
-- KEYS[3] worker:<w>                                string, its current job
-- KEYS[4] queue:<q>                                 list, payloads
-- KEYS[5] queues                                    set, names of queues
-- KEYS[6] ... job:<id>:status of each job           strings, only if the producer asked
-- ARGV[1] step    ARGV[2] seconds since the epoch    ARGV[3] the queue's name
-- ARGV[4] ... token and payload of each job
-- Returns how many were still its own
local before = answered(KEYS[2], ARGV[1])
if before then
  return before
end
local given = 0
for index = #KEYS - 5, 1, -1 do
  if redis.call('HDEL', KEYS[1], ARGV[2 + 2 * index]) == 1 then
    redis.call('LPUSH', KEYS[4], ARGV[3 + 2 * index])
    set_status(KEYS[5 + index], '1', ARGV[2])
    given = given + 1
  end
end
if given > 0 then
  redis.call('SADD', KEYS[5], ARGV[3])
end
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('DEL', KEYS[3])
end
return answer(KEYS[2], ARGV[1], tostring(given))
